#include "gantry/archive/languages.hpp"

#include <filesystem>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "gantry/base/files.hpp"

namespace gantry::archive {
namespace {

TEST(Languages, BecomeTheCodesOfLibraries) {
  const std::pair<const char*, const char*> cases[] = {
      {"en", "eng"},  {"en-US", "eng"}, {"fr-FR", "fre"}, {"fra", "fre"},
      {"fre", "fre"}, {"de", "ger"},    {"nl", "dut"},    {"zh-Hant", "chi"},
      {"EN", "eng"},  {"grc", "grc"},   {"pt_BR", "por"}, {"cy", "wel"}};
  for (const auto& [tag, code] : cases) EXPECT_EQ(bibliographic_code(tag), code) << tag;
}

TEST(Languages, ThatTheStandardDoesNotHaveHaveNoCode) {
  for (const char* tag : {"", "-", "x", "xx", "english", "--"}) {
    EXPECT_FALSE(bibliographic_code(tag)) << tag;
  }
}

TEST(Languages, AreThoseOfIsoCodes) {
  const std::filesystem::path file = "/usr/share/iso-codes/json/iso_639-2.json";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "needs the package iso-codes";
  boost::json::value all = boost::json::parse(read_file(file));
  std::size_t seen = 0;
  for (const boost::json::value& row : all.at("639-2").as_array()) {
    const boost::json::object& language = row.as_object();
    auto text = [&language](const char* key) {
      const auto* value = language.if_contains(key);
      return value == nullptr ? std::string() : std::string(std::string_view(value->as_string()));
    };
    std::string code = text("alpha_3");
    if (code == "qaa-qtz") continue;  // for local use
    std::string expected = text("bibliographic").empty() ? code : text("bibliographic");
    EXPECT_EQ(bibliographic_code(code), expected);
    EXPECT_EQ(bibliographic_code(expected), expected);
    if (!text("alpha_2").empty()) {
      EXPECT_EQ(bibliographic_code(text("alpha_2")), expected);
    }
    ++seen;
  }
  EXPECT_GT(seen, 480U);
}

}  // namespace
}  // namespace gantry::archive
