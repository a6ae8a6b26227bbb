#include <filesystem>
#include <string>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/hash.hpp"
#include "gantry/jobs/report/pictures.hpp"
#include "gantry/jobs/report/report.hpp"

#include "testing/files.hpp"

namespace gantry::jobs {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::Not;

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin) + begin.size();
  return text.substr(from, text.find(end, from) - from);
}

json::object data_of(const std::string& page) {
  return json::parse(between(page, "<script id=\"data\" type=\"application/json\">", "</script>"))
      .as_object();
}

// A job with one kind, whose pictures lie in a folder of the test.
class ReportPictures : public ::testing::Test {
 protected:
  std::string add(const std::string& name, const std::string& bytes,
                  const std::string& dark_path = {}) {
    std::string path = (folder_ / name).string();
    testing::write_text(path, bytes);
    icons_.pictures.push_back({"icon " + name, path, dark_path});
    return path;
  }

  RunReport report(bool dry_run = false) const {
    RunReport result;
    result.dry_run = dry_run;
    result.jobs.push_back({.name = "web.yaml", .path = "web.yaml", .kinds = {icons_}});
    return result;
  }

  json::object pictures(const PictureLimits& limits = {}) const {
    return pictures_value(report(), limits);
  }

  // The bytes that an item shows under the key, as a URI.
  static std::string shown(const json::object& pictures, std::size_t item, const char* key) {
    const json::value& index = pictures.at("items").at(item).at(key);
    if (index.is_null()) return "none";
    return pictures.at("uris").at(index.to_number<std::size_t>()).as_string().c_str();
  }

  testing::TemporaryFolder folder_;
  KindResult icons_{.kind = "icons"};
};

TEST_F(ReportPictures, EqualBytesAreThereOnce) {
  add("a.svg", "<svg/>");
  add("b.svg", "<svg/>");
  add("c.png", "png");
  const json::object value = pictures();
  EXPECT_EQ(value.at("uris").as_array().size(), 2U);
  EXPECT_EQ(shown(value, 0, "image"), "data:image/svg+xml;base64,PHN2Zy8+");
  EXPECT_EQ(shown(value, 1, "image"), shown(value, 0, "image"));
  EXPECT_EQ(shown(value, 2, "image"), "data:image/png;base64,cG5n");
}

TEST_F(ReportPictures, OnlyPicturesAreShown) {
  for (const char* name : {"a.tsx", "b.ts", "c.html", "d.pdf", "e"}) add(name, "x");
  for (const char* name : {"f.SVG", "g.webp", "h.jpg", "i.jpeg"}) add(name, "x");
  EXPECT_EQ(pictures().at("items").as_array().size(), 4U);
}

TEST_F(ReportPictures, AChangedOneIsThereBeforeAndAfter) {
  const std::string same = add("same.svg", "same");
  const std::string changed = add("changed.svg", "new");
  const std::string added = add("added.svg", "added");
  icons_.changes = {.added = {added},
                    .changed = {changed},
                    .removed = {"gone.svg", "gone.ts"},
                    .unchanged = {same},
                    .kept = {}};
  icons_.before = {{changed, "old"}, {"gone.svg", "gone"}};
  const json::object value = pictures();
  EXPECT_EQ(value.at("items").at(0).at("state").as_string(), "changed");
  EXPECT_EQ(shown(value, 0, "before"), "data:image/svg+xml;base64," + base64("old"));
  EXPECT_EQ(shown(value, 0, "image"), "data:image/svg+xml;base64," + base64("new"));
  EXPECT_EQ(value.at("items").at(1).at("state").as_string(), "added");
  EXPECT_EQ(value.at("items").at(2).at("state").as_string(), "unchanged");
  EXPECT_FALSE(value.at("items").at(2).as_object().contains("before"));
  ASSERT_EQ(value.at("removed").as_array().size(), 1U);
  EXPECT_EQ(value.at("removed").at(0).at("name").as_string(), "gone");
}

TEST_F(ReportPictures, ADryRunHasOnlyWhatWasThereBefore) {
  const std::string changed = add("changed.svg", "old");
  icons_.changes.changed = {changed};
  const json::object value = pictures_value(report(true));
  EXPECT_EQ(shown(value, 0, "before"), "data:image/svg+xml;base64," + base64("old"));
  EXPECT_EQ(shown(value, 0, "image"), "none");
}

TEST_F(ReportPictures, TheDarkOneIsOnTheDarkGround) {
  const std::string dark = (folder_ / "dark/a.svg").string();
  testing::write_text(dark, "dark");
  add("a.svg", "light", dark);
  icons_.changes.changed = {dark};
  const json::object value = pictures();
  EXPECT_EQ(shown(value, 0, "darkImage"), "data:image/svg+xml;base64," + base64("dark"));
  EXPECT_EQ(value.at("items").at(0).at("darkPath").as_string(), dark);
  EXPECT_EQ(value.at("items").at(0).at("state").as_string(), "changed");
  EXPECT_TRUE(value.at("items").at(0).at("darkBefore").is_null());
  EXPECT_FALSE(value.at("items").at(0).as_object().contains("darkAdded"));
}

TEST_F(ReportPictures, WhatIsTooMuchOrCannotBeReadIsCounted) {
  add("same.svg", std::string(300, 'a'));
  add("huge.png", std::string(2000, 'b'));
  const std::string changed = add("changed.svg", std::string(300, 'c'));
  icons_.changes.changed = {changed};
  icons_.pictures.push_back({"missing", (folder_ / "missing.svg").string(), ""});
  std::filesystem::create_directory(folder_ / "folder.svg");
  icons_.pictures.push_back({"folder", (folder_ / "folder.svg").string(), ""});
  const json::object value = pictures({.all = 600, .one = 1000});
  EXPECT_EQ(value.at("leftOut").to_number<int>(), 2);
  EXPECT_EQ(value.at("unreadable").to_number<int>(), 2);
  ASSERT_EQ(value.at("uris").as_array().size(), 1U);
  EXPECT_NE(shown(value, 0, "image"), "none");  // the changed one, which people look for
}

TEST_F(ReportPictures, NothingInTheDataCanEndItsElement) {
  add("</script><!--<script>&\xe2\x80\xa8.svg", "<svg/>");
  icons_.pictures.back().name = "</script><!--<script>&\xe2\x80\xa8\xff";
  const std::string page = to_html(report());
  const std::string data =
      between(page, "<script id=\"data\" type=\"application/json\">", "</script>");
  for (const char* text : {"<", ">", "&", "\xe2\x80\xa8", "\xff"}) {
    EXPECT_THAT(data, Not(HasSubstr(text)));
  }
  EXPECT_EQ(data_of(page).at("pictures").at("items").at(0).at("name").as_string(),
            "</script><!--<script>&\xe2\x80\xa8\xef\xbf\xbd");
}

TEST_F(ReportPictures, ThePolicyAllowsItsOwnStyleAndScriptOnly) {
  const std::string page = to_html(report());
  const std::string policy = between(page, "Content-Security-Policy\" content=\"", "\">");
  auto hash = [](const std::string& text) {
    const Digest digest = sha256(text);
    return "'sha256-" + base64({reinterpret_cast<const char*>(digest.bytes.data()), 32}) + "'";
  };
  EXPECT_THAT(policy, HasSubstr("default-src 'none'; img-src data:;"));
  EXPECT_THAT(policy, HasSubstr("style-src " + hash(between(page, "<style>", "</style>")) + ";"));
  EXPECT_THAT(policy, HasSubstr("script-src " +
                                hash(between(page, "<script type=\"module\">", "</script>"))));
  for (const char* text : {"https:", "unsafe-inline", "{{", "innerHTML"}) {
    EXPECT_THAT(page, Not(HasSubstr(text)));
  }
}

}  // namespace
}  // namespace gantry::jobs
