#include "gantry/mcp/schema.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/mcp/catalogue.hpp"

namespace gantry::mcp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> faults(std::string_view value, std::string_view schema) {
  return find_faults(json::parse(value), json::parse(schema).as_object());
}

constexpr const char* kSchema = R"({"type": "object", "required": ["name"],
  "additionalProperties": false, "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 3},
    "kind": {"enum": ["a", "b"]}, "count": {"type": "integer", "minimum": 1, "maximum": 9},
    "list": {"type": "array", "maxItems": 2, "items": {"type": "boolean"}}}})";

TEST(Schema, TakesWhatFits) {
  EXPECT_THAT(faults(R"({"name": "äöü", "kind": "b", "count": 9, "list": [true]})", kSchema),
              IsEmpty());
}

TEST(Schema, NamesEachFault) {
  EXPECT_THAT(faults("[]", kSchema), ElementsAre("the whole is not of the type object"));
  EXPECT_THAT(faults("{}", kSchema), ElementsAre("name is missing"));
  EXPECT_THAT(faults(R"({"name": ""})", kSchema), ElementsAre("name has less than 1 characters"));
  EXPECT_THAT(faults(R"({"name": "abcd"})", kSchema),
              ElementsAre("name has more than 3 characters"));
  EXPECT_THAT(faults(R"({"name": 1})", kSchema), ElementsAre("name is not of the type string"));
  EXPECT_THAT(faults(R"({"name": "a", "other": 1})", kSchema), ElementsAre("other is not known"));
  EXPECT_THAT(faults(R"({"name": "a", "kind": "c"})", kSchema),
              ElementsAre(R"(kind is none of ["a","b"])"));
  EXPECT_THAT(faults(R"({"name": "a", "count": 0})", kSchema), ElementsAre("count is less than 1"));
  EXPECT_THAT(faults(R"({"name": "a", "list": [true, 1]})", kSchema),
              ElementsAre("list[1] is not of the type boolean"));
}

TEST(Template, GivesTheValuesOfAUri) {
  EXPECT_EQ(match_template("a://{x}/b", "a://1%2F2/b")->at("x"), "1/2");
  EXPECT_FALSE(match_template("a://{x}/b", "a:///b"));
  EXPECT_FALSE(match_template("a://{x}/b", "a://1/2/b"));
  EXPECT_FALSE(match_template("a://{x}/b", "a://1/c"));
}

}  // namespace
}  // namespace gantry::mcp
