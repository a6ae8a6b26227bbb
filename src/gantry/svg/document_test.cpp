#include "gantry/svg/document.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::svg {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

struct Refusal {
  ErrorCode code;
  std::string message;
};

Refusal refusal(std::string text) {
  try {
    Document::parse(std::move(text));
  } catch (const Error& error) {
    return {error.code(), error.message()};
  }
  ADD_FAILURE() << "it was accepted";
  return {};
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string result;
  result.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

TEST(Document, KeepsTheBytesOfAFileWithoutIds) {
  std::string text =
      "\xEF\xBB\xBF<?xml version='1.0'?>\n<!-- c -->\n<svg  viewBox='0 0 1 1' >\n "
      "<g></g>\n</svg>\n";
  Document document = Document::parse(text);
  document.make_ids_unique("x");
  EXPECT_EQ(document.text(), text);
}

TEST(Document, RefusesWhatIsNotAnSvg) {
  for (std::string text :
       {"", "  ", "{\"err\":1}", "<html><body/></html>", "<!DOCTYPE html><html></html>", "<svg>",
        "<svg></g>", "<svg/><svg/>", "<svg/>trailing", "<svg a='1' a='2'/>", "<svg", "<svg a='>",
        "<!-- open", "<svg><![CDATA[ open", "<svg>\xff</svg>", "<svg>\x01</svg>"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(refusal(text).code, ErrorCode::kBadResponse);
  }
  EXPECT_EQ(refusal(std::string("<svg>\0</svg>", 12)).code, ErrorCode::kBadResponse);
}

TEST(Document, RefusesWhatCouldDoHarm) {
  const std::pair<const char*, const char*> cases[] = {
      {"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", "DOCTYPE"},
      {"<svg><!ENTITY a 'b'></svg>", "ENTITY"},
      {"<?xml-stylesheet href='x'?><svg/>", "processing instruction"},
      {"<svg>\n<script>1</script></svg>", "line 2: <script>"},
      {"<svg><x:SCRIPT/></svg>", "<x:SCRIPT>"},
      {"<svg><foreignObject/></svg>", "<foreignObject>"},
      {"<svg><iframe src='#'/></svg>", "<iframe>"},
      {"<svg>\n\n<g onload='x()'/></svg>", "line 3: attribute 'onload' of <g>"},
      {"<svg ONCLICK='x'/>", "event handler"},
      {"<svg><a href='javascript:x'/></svg>", "'href'"},
      {"<svg><a href=' java&#10;script:x'/></svg>", "'href'"},
      {"<svg><image xlink:href='https://evil.example/a.png'/></svg>", "https://evil.example/a.png"},
      {"<svg><image href='data:image/svg+xml,x'/></svg>", "data:image/svg"},
      {"<svg><use href='other.svg#a'/></svg>", "other.svg"},
      {"<svg><rect fill='url(https://evil.example)'/></svg>", "'fill'"},
      {"<svg><rect style='fill:\\75 rl(//evil.example)'/></svg>", "//evil.example"},
      {"<svg><rect style='fill:url(\\)//evil.example)'/></svg>", "'style'"},
      {"<svg><style>@import 'x';</style></svg>", "@import"},
      {"<svg><style><![CDATA[a{b:url(http://x)}]]></style></svg>", "http://x"},
      {"<svg><style>a{b:image-set('x' 1x)}</style></svg>", "image-set("},
      {"<svg><set attributeName='xlink:href' to='#b'/></svg>", "animates"},
      {"<svg><animate attributeName='x' values='JavaScript:y'/></svg>", "javascript:"},
      {"<svg xml:base='http://x'/>", "xml:base"},
  };
  for (const auto& [text, part] : cases) {
    SCOPED_TRACE(text);
    Refusal result = refusal(text);
    EXPECT_EQ(result.code, ErrorCode::kUnsafe);
    EXPECT_THAT(result.message, HasSubstr(part));
    EXPECT_EQ(result.message.find('\n'), std::string::npos);
  }
}

TEST(Document, AcceptsWhatDrawsFromTheFileItself) {
  for (std::string text :
       {"<svg><image href='data:image/png;base64,AAAA'/></svg>",
        "<svg><use xlink:href='#a'/></svg>",
        "<svg><rect fill='url( \"#a\" )' aria-label='see url(http://x)'/></svg>",
        "<s:svg xmlns:s='http://www.w3.org/2000/svg'/>", "<svg a='&lt;script>'/>",
        "<svg><!-- <script> --><style>#a{fill:url(#b)}</style></svg>"}) {
    SCOPED_TRACE(text);
    EXPECT_NO_THROW(Document::parse(text));
  }
}

TEST(Document, RefusesEndlessNestingAtOnce) {
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(refusal("<svg>" + repeated("<g>", 33'000'000)).code, ErrorCode::kTooLarge);
  EXPECT_EQ(refusal("<svg>" + repeated("<g>", 2'000'000)).code, ErrorCode::kTooLarge);
  std::string deep = "<svg>" + repeated("<g>", 300) + repeated("</g>", 300) + "</svg>";
  EXPECT_THAT(refusal(deep).message, HasSubstr("deeper than 256 levels"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
}

TEST(Document, StaysLinearOnHostileShapes) {
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(refusal("<svg " + repeated("a='' ", 1'000'000) + "/>").code, ErrorCode::kTooLarge);
  for (const std::string& text :
       {"<svg><style>" + repeated("#a,", 1'000'000) + "{}</style><g id='a'/></svg>",
        "<svg><g id='a' fill='" + repeated("url(", 1'000'000) + "'/></svg>",
        "<svg>" + repeated("<g id='a'/>", 300'000) + "</svg>",
        "<svg><g id='a' begin='" + repeated("a.b;", 1'000'000) + "'/></svg>"}) {
    try {
      Document document = Document::parse(text);
      document.make_ids_unique("x");
    } catch (const Error& error) {
      EXPECT_THAT(error.code(), AnyOf(ErrorCode::kUnsafe, ErrorCode::kTooLarge));
    }
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace gantry::svg
