#include "gantry/figma/model/codec.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/figma/model/record_bytes.hpp"

namespace gantry::figma {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kChecksumSize = 8;

// Values drawn from a seed: small numbers of items, texts of any bytes, many of which come again.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t count) { return random_() % count; }
  bool flag() { return below(2) == 1; }
  double real() {
    constexpr double kOdd[] = {0,
                               -0.0,
                               1,
                               0.7686274647712708,
                               std::numeric_limits<double>::max(),
                               std::numeric_limits<double>::denorm_min()};
    return flag() ? kOdd[below(std::size(kOdd))] : std::normal_distribution<double>()(random_);
  }
  std::string text() {
    if (!known_.empty() && flag()) return known_[below(known_.size())];
    std::string text(below(8) == 0 ? below(300) : below(20), '\0');
    for (char& c : text) c = static_cast<char>(below(256));
    known_.push_back(text);
    return text;
  }
  template <class E>
  E word(E last) {
    return static_cast<E>(below(static_cast<std::size_t>(last) + 1));
  }
  template <class Item>
  auto list(Item item) {
    std::vector<decltype(item())> items(below(6));
    for (auto& one : items) one = item();
    return items;
  }
  template <class Item>
  auto map(Item item) {
    std::map<std::string, decltype(item())> items;
    for (std::size_t left = below(6); left > 0; --left) items.insert_or_assign(text(), item());
    return items;
  }
  template <class Item>
  auto maybe(Item item) {
    return flag() ? std::optional(item()) : std::nullopt;
  }

  FileMeta meta() { return {text(), text(), text(), text()}; }
  Component component() {
    return {text(), text(), text(), text(), {text(), text(), text(), text()}, maybe([this] {
              return ContainingSet{text(), text()};
            })};
  }
  Style style() { return {text(), text(), text(), text(), text(), word(StyleType::kOther)}; }
  Color color() { return {real(), real(), real(), real()}; }
  Paint paint() {
    return {word(Paint::Kind::kOther), flag(), maybe([this] { return real(); }), color(),
            list([this] {
              return GradientStop{real(), color()};
            })};
  }
  TextProperties properties() {
    return {text(),
            text(),
            real(),
            real(),
            real(),
            real(),
            word(TextProperties::LineHeightUnit::kIntrinsic),
            word(TextProperties::Case::kSmallCapsForced)};
  }
  Node node() {
    return {text(), text(), list([this] { return paint(); }),
            maybe([this] { return properties(); })};
  }
  VariableValue value() {
    switch (below(7)) {
      case 0:
        return {};
      case 1:
        return flag();
      case 2:
        return real();
      case 3:
        return text();
      case 4:
        return color();
      case 5:
        return VariableAlias{text()};
      default:
        return flag() ? ComposedColor{color(), VariableAlias{text()}}
                      : ComposedColor{VariableAlias{text()}, real()};
    }
  }
  ValuesByMode values() {
    return map([this] { return value(); });
  }
  Variable variable() {
    return {text(),
            text(),
            text(),
            text(),
            word(VariableType::kOther),
            values(),
            list([this] { return text(); }),
            map([this] { return text(); }),
            flag(),
            flag(),
            flag()};
  }
  VariableCollection collection() {
    return {text(),
            text(),
            list([this] {
              return VariableMode{text(), text(), text()};
            }),
            text(),
            list([this] { return text(); }),
            flag(),
            flag(),
            text(),
            map([this] { return values(); })};
  }

 private:
  std::mt19937_64 random_;
  std::vector<std::string> known_;
};

// A kind of record: how one is drawn, and how it is read and written once more.
struct Format {
  const char* name;
  std::function<std::string(Draw&)> drawn;
  std::function<std::string(std::string_view)> again;
};

template <class Decode, class Make>
Format format(const char* name, Decode decode, Make make) {
  return {.name = name,
          .drawn =
              [decode, make](Draw& draw) {
                auto value = make(draw);
                std::string record = encode(value);
                EXPECT_EQ(decode(record), value);
                return record;
              },
          .again = [decode](std::string_view record) { return encode(decode(record)); }};
}

std::vector<Format> formats() {
  return {format("file meta", decode_file_meta, [](Draw& draw) { return draw.meta(); }),
          format("components", decode_components,
                 [](Draw& draw) { return draw.list([&] { return draw.component(); }); }),
          format("styles", decode_styles,
                 [](Draw& draw) { return draw.list([&] { return draw.style(); }); }),
          format("nodes", decode_nodes,
                 [](Draw& draw) {
                   return draw.map([&] { return draw.maybe([&] { return draw.node(); }); });
                 }),
          format("variables", decode_variables,
                 [](Draw& draw) {
                   return Variables{draw.map([&] { return draw.collection(); }),
                                    draw.map([&] { return draw.variable(); })};
                 }),
          format("addresses", decode_addresses, [](Draw& draw) {
            return draw.map([&] { return draw.maybe([&] { return draw.text(); }); });
          })};
}

std::string sealed(std::string content) {
  seal(content);
  return content;
}

std::string content_of(const std::string& record) {
  return record.substr(0, record.size() - kChecksumSize);
}

// Most damaged records are refused, but not all can be told from good ones.
std::string message_or_none(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadResponse);
    return error.message();
  }
  return "nothing was thrown";
}

TEST(Codec, GivesBackWhatWasEncoded) {
  for (const Format& format : formats()) {
    SCOPED_TRACE(format.name);
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      Draw draw(seed);
      std::string record = format.drawn(draw);
      EXPECT_EQ(format.again(record), record) << seed;
    }
  }
}

TEST(Codec, WritesATextThatComesAgainOnce) {
  Component component;
  component.node_id = "140:11468";
  component.updated_at = "2026-01-13T17:50:26.933Z";
  component.frame = {"Input OTP", "280:101027", "842:49177", "A page with a long name"};
  std::size_t one = encode(std::vector<Component>(1, component)).size();
  std::size_t two = encode(std::vector<Component>(2, component)).size();
  EXPECT_LT(two, one + 16);
}

TEST(Codec, RefusesARecordCutOffAnywhere) {
  for (const Format& format : formats()) {
    SCOPED_TRACE(format.name);
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      Draw draw(seed);
      std::string record = format.drawn(draw);
      std::string content = content_of(record);
      for (std::size_t length = 0; length < record.size(); ++length) {
        std::string cut = record.substr(0, length);
        ASSERT_THAT(message_or_none([&] { format.again(cut); }), HasSubstr("cannot be used"));
      }
      for (std::size_t length = 0; length < content.size(); ++length) {
        std::string cut = sealed(content.substr(0, length));
        ASSERT_THAT(message_or_none([&] { format.again(cut); }), HasSubstr("cannot be used"));
      }
    }
  }
}

TEST(Codec, RefusesWhatFollowsARecord) {
  for (const Format& format : formats()) {
    Draw draw(3);
    std::string record = format.drawn(draw);
    EXPECT_THAT(message_or_none([&] { format.again(record + '\0'); }), HasSubstr("damaged"));
    std::string longer = sealed(content_of(record) + '\0');
    EXPECT_THAT(message_or_none([&] { format.again(longer); }), HasSubstr("too long"));
  }
}

TEST(Codec, RefusesARecordWithAFlippedBit) {
  for (const Format& format : formats()) {
    SCOPED_TRACE(format.name);
    Draw draw(5);
    std::string record = format.drawn(draw);
    for (std::size_t i = 0; i < record.size(); ++i) {
      std::string flipped = record;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << draw.below(8)));
      ASSERT_THAT(message_or_none([&] { format.again(flipped); }), HasSubstr("damaged"));
    }
  }
}

// With a right checksum, as somebody would write who means harm: it is refused, or it is the record
// of another value.
TEST(Codec, SurvivesWhateverARecordSays) {
  for (const Format& format : formats()) {
    SCOPED_TRACE(format.name);
    int refused = 0;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
      Draw draw(seed);
      std::string content = content_of(format.drawn(draw));
      for (std::size_t left = 1 + draw.below(4); left > 0; --left) {
        content[2 + draw.below(content.size() - 2)] = static_cast<char>(draw.below(256));
      }
      std::string record = sealed(content);
      std::string message = message_or_none([&] { format.again(record); });
      if (message == "nothing was thrown") continue;
      ASSERT_THAT(message, HasSubstr("cannot be used"));
      ++refused;
    }
    EXPECT_GT(refused, 100);
  }
}

TEST(Codec, KnowsKindsAndVersions) {
  std::string record = encode(std::vector<Style>());
  EXPECT_THAT(message_or_none([&] { decode_components(record); }), HasSubstr("of another kind"));
  std::string newer = content_of(record);
  ++newer[1];
  newer = sealed(newer);
  EXPECT_THAT(message_or_none([&] { decode_styles(newer); }),
              HasSubstr("another version of Gantry"));
  EXPECT_THAT(message_or_none([] { decode_styles(""); }), HasSubstr("cut off"));
}

TEST(Codec, RefusesWhatNoWriterWrites) {
  auto styles = [](const std::string& bytes) {
    return message_or_none([&] { decode_styles(sealed("S\1" + bytes)); });
  };
  EXPECT_EQ(styles(std::string(1, '\0')), "nothing was thrown");
  EXPECT_THAT(styles(std::string("\x80\0", 2)), HasSubstr("a number is too long"));
  EXPECT_THAT(styles(std::string(11, '\x80')), HasSubstr("a number is too long"));
  EXPECT_THAT(styles(std::string(9, '\xff') + "\x02"), HasSubstr("a number is too large"));
  EXPECT_THAT(styles("\1\1"), HasSubstr("cut off"));
  EXPECT_THAT(styles(std::string("\1\1\0\0\0\0\0", 7)), HasSubstr("a text is not known"));
  EXPECT_THAT(styles(std::string("\1\0\0\0\0\0\5", 7)), HasSubstr("a word is not known"));

  auto addresses = [](const std::string& bytes) {
    return message_or_none([&] { decode_addresses(sealed("A\1" + bytes)); });
  };
  EXPECT_EQ(addresses(std::string("\2\2a\0\2b\0", 7)), "nothing was thrown");
  EXPECT_THAT(addresses(std::string("\2\2b\0\2a\0", 7)), HasSubstr("not sorted"));
  EXPECT_THAT(addresses(std::string("\2\2a\0\2a\0", 7)), HasSubstr("not sorted"));
  EXPECT_THAT(addresses(std::string("\1\2a\2", 4)), HasSubstr("a word is not known"));

  RecordWriter infinite(RecordKind::kNodes);
  infinite.number(1);
  infinite.text("1:2");
  infinite.flag(true);
  infinite.text("n");
  infinite.text("t");
  infinite.number(1);
  infinite.word(Paint::Kind::kSolid);
  infinite.flag(true);
  infinite.flag(true);
  infinite.real(std::numeric_limits<double>::infinity());
  for (int i = 0; i < 40; ++i) infinite.flag(false);
  std::string record = infinite.finish();
  EXPECT_THAT(message_or_none([&] { decode_nodes(record); }), HasSubstr("not finite"));
}

}  // namespace
}  // namespace gantry::figma
