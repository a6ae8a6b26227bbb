#include "gantry/batch/downloads.hpp"

#include <gtest/gtest.h>

namespace gantry::batch {
namespace {

struct Case {
  const char* name;
  Content content;
  std::string bytes;
  bool good;
};

TEST(CheckContent, TellsAWholeFileFromWhatServersSendInItsPlace) {
  const Case cases[] = {
      {"svg", Content::kSvg, "<svg xmlns='x'><path d='M0'/></svg>\n", true},
      {"svg with prolog", Content::kSvg, "<?xml version='1.0'?>\n<svg></svg>", true},
      {"svg with a comment at its end", Content::kSvg, "<svg></svg>\n<!-- made by x -->\n", true},
      {"svg of one element", Content::kSvg, "<svg width='1'/>", true},
      {"svg cut in a tag", Content::kSvg, "<svg><path d='M0 0L1", false},
      {"svg cut after a tag", Content::kSvg, "<svg><path d='M0 0'/>", false},
      {"page", Content::kSvg, "<!DOCTYPE HTML><html><body><svg></svg></body></html>", false},
      {"json", Content::kSvg, "{\"status\":500}", false},
      {"empty", Content::kSvg, "", false},
      {"png", Content::kPng, "\x89PNG\r\n\x1a\nxxxxIEND\xae\x42\x60\x82", true},
      {"cut png", Content::kPng, "\x89PNG\r\n\x1a\nxxxx", false},
      {"svg as png", Content::kPng, "<svg></svg>", false},
      {"jpeg", Content::kJpg, "\xff\xd8\xff\xe0xxxx\xff\xd9", true},
      {"cut jpeg", Content::kJpg, "\xff\xd8\xff\xe0xxxx", false},
      {"pdf", Content::kPdf, "%PDF-1.4\nxxx\n%%EOF\n", true},
      {"cut pdf", Content::kPdf, "%PDF-1.4\nxxx\n", false},
  };
  for (const Case& c : cases) {
    if (c.good) {
      EXPECT_NO_THROW(check_content(c.content, Blob::from_bytes(c.bytes))) << c.name;
      continue;
    }
    try {
      check_content(c.content, Blob::from_bytes(c.bytes));
      ADD_FAILURE() << c.name;
    } catch (const Error& error) {
      EXPECT_EQ(error.retry(), Retry::kSameRequest) << c.name;
    }
  }
}

}  // namespace
}  // namespace gantry::batch
