#include "gantry/figma/model/fingerprint.hpp"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::figma {
namespace {

// A component with a rectangle and a text in it; `replace` changes its JSON.
std::string document(const std::string& from = "", const std::string& to = "") {
  std::string text = R"({"id":"1:2","name":"icon","type":"COMPONENT",
    "absoluteBoundingBox":{"x":100,"y":200,"width":24,"height":24},
    "absoluteRenderBounds":{"x":101.5,"y":202,"width":21,"height":20},
    "relativeTransform":[[1,0,40],[0,1,80]],"size":{"x":24,"y":24},"clipsContent":true,
    "children":[
      {"id":"1:3","name":"shape","type":"VECTOR","opacity":0.5,
       "absoluteBoundingBox":{"x":102,"y":204,"width":20,"height":16},
       "relativeTransform":[[1,0,2],[0,1,4]],
       "fills":[{"type":"SOLID","visible":true,"color":{"r":1,"g":0,"b":0,"a":1}}],
       "fillGeometry":[{"path":"M0 0L20 0","windingRule":"NONZERO"}],
       "effects":[{"type":"DROP_SHADOW","radius":4}]},
      {"id":"1:4","name":"label","type":"TEXT","characters":"A","style":{"fontSize":12}}]})";
  if (!from.empty()) {
    std::size_t at = text.find(from);
    if (at == std::string::npos) throw std::runtime_error("not in the document: " + from);
    text.replace(at, from.size(), to);
  }
  return text;
}

std::optional<Digest> of(const std::string& document) {
  std::string body = fmt::format(R"({{"nodes":{{"1:2":{{"document":{}}}}}}})", document);
  return parse_fingerprints(body).at("1:2");
}

TEST(Fingerprint, IsTheSameWhateverTheOrderOfKeysAndTheFormOfNumbers) {
  EXPECT_EQ(of(document()), of(document()));
  EXPECT_EQ(of(R"({"type":"VECTOR","opacity":1})"), of(R"({ "opacity": 1.0, "type":"VECTOR"})"));
}

TEST(Fingerprint, ThePlaceOnThePageIsNoPartOfIt) {
  std::string moved = document("\"x\":100,\"y\":200", "\"x\":1100.25,\"y\":-200");
  auto replace = [&moved](const std::string& from, const std::string& to) {
    moved.replace(moved.find(from), from.size(), to);
  };
  replace("\"x\":101.5,\"y\":202", "\"x\":1101.75,\"y\":-198");
  replace("\"x\":102,\"y\":204", "\"x\":1102.2500001,\"y\":-195.9999999");
  replace("[[1,0,40],[0,1,80]]", "[[1,0,7],[0,1,8]]");
  EXPECT_EQ(of(moved), of(document()));
}

TEST(Fingerprint, EverythingThatMayBeSeenIsPartOfIt) {
  const std::pair<const char*, const char*> changes[] = {
      {"\"opacity\":0.5", "\"opacity\":0.51"},
      {"\"visible\":true", "\"visible\":false"},
      {"\"r\":1,", "\"r\":0.99,"},
      {"M0 0L20 0", "M0 0L20 1"},
      {"NONZERO", "EVENODD"},
      {"\"radius\":4", "\"radius\":5"},
      {"\"characters\":\"A\"", "\"characters\":\"B\""},
      {"\"fontSize\":12", "\"fontSize\":13"},
      {"\"width\":24,\"height\":24", "\"width\":25,\"height\":24"},
      {"\"x\":101.5", "\"x\":101"},
      {"\"x\":102,", "\"x\":103,"},
      {"[[1,0,2],[0,1,4]]", "[[1,0,3],[0,1,4]]"},
      {"[[1,0,40],[0,1,80]]", "[[0,1,40],[1,0,80]]"},
      {"\"clipsContent\":true", "\"clipsContent\":false"},
      {"\"effects\":[{", "\"effects\":[{\"visible\":false,"},
      {"\"name\":\"shape\"", "\"name\":\"form\""},
  };
  for (const auto& [from, to] : changes) EXPECT_NE(of(document(from, to)), of(document())) << to;
}

TEST(Fingerprint, TheOrderInsideIsPartOfIt) {
  EXPECT_NE(of(R"({"children":[{"id":"1"},{"id":"2"}]})"),
            of(R"({"children":[{"id":"2"},{"id":"1"}]})"));
  EXPECT_NE(of(R"({"a":"1","b":""})"), of(R"({"a":"","b":"1"})"));
  EXPECT_NE(of(R"({"a":[["b"],"c"]})"), of(R"({"a":[["b","c"]]})"));
}

TEST(Fingerprint, ANodeThatIsNotThereHasNone) {
  EXPECT_FALSE(parse_fingerprints(R"({"nodes":{"1:2":null}})").at("1:2").has_value());
}

TEST(Fingerprint, AnotherAnswerIsRefused) {
  for (const char* body : {"", "{}", "[]", R"({"nodes":[]})", R"({"nodes":{"1:2":1}})",
                           R"({"nodes":{"1:2":{}}})", R"({"nodes":{"1:2":{"document":[]}}})"}) {
    EXPECT_THROW(parse_fingerprints(body), Error) << body;
  }
  std::string deep = R"({"nodes":{"1:2":{"document":)" + std::string(100'000, '[');
  EXPECT_THROW(parse_fingerprints(deep), Error);
}

TEST(Fingerprint, StrangeValuesAreNoReasonToFail) {
  of(R"({"absoluteBoundingBox":null,"relativeTransform":[1,[2,3]],"children":[null]})");
  of(R"({"absoluteBoundingBox":{"x":1e300,"y":-1e300,"width":"wide"}})");
}

}  // namespace
}  // namespace gantry::figma
