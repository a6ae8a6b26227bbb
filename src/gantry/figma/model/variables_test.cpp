#include "gantry/figma/model/variables.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/figma/model/refusal_message.hpp"

namespace gantry::figma {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string answer(const std::string& collections, const std::string& variables) {
  return R"({"status":200,"error":false,"meta":{"variables":{)" + variables +
         R"(},"variableCollections":{)" + collections + "}}}";
}

// A variable with one value, for mode "1:0".
std::string variable(const std::string& value) {
  return answer("", R"("V:1":{"id":"V:1","name":"v","variableCollectionId":"C:1",
    "resolvedType":"COLOR","valuesByMode":{"1:0":)" +
                        value + "}}");
}

VariableValue value(const std::string& text) {
  return parse_variables(variable(text)).variables.at("V:1").values.at("1:0");
}

std::string refused_variables(const std::string& body) {
  return message_of([&body] { parse_variables(body); });
}

TEST(Variables, HaveEveryField) {
  Variables read = parse_variables(answer(
      R"("C:1":{"id":"C:1","name":"Colors","key":"ck","defaultModeId":"1:0","remote":true,
        "hiddenFromPublishing":true,"isExtension":false,"variableIds":["V:2","V:1","V:9"],
        "modes":[{"modeId":"1:0","name":"Light"},{"modeId":"1:1","name":"Dark"}]})",
      R"("V:1":{"id":"V:1","name":"text/primary","key":"vk","variableCollectionId":"C:1",
        "resolvedType":"COLOR","valuesByMode":{"1:1":{"r":0,"g":0.5,"b":1,"a":0.5},
          "1:0":{"type":"VARIABLE_ALIAS","id":"V:404"}},
        "remote":true,"description":"d","hiddenFromPublishing":true,"deletedButReferenced":true,
        "scopes":["TEXT_FILL","BRAND_NEW"],"codeSyntax":{"iOS":"a","WEB":"b"}})"));
  ASSERT_EQ(read.collections.size(), 1U);
  const VariableCollection& collection = read.collections.at("C:1");
  EXPECT_EQ(collection.name + collection.key + collection.default_mode_id, "Colorsck1:0");
  EXPECT_TRUE(collection.remote);
  EXPECT_TRUE(collection.hidden_from_publishing);
  EXPECT_THAT(collection.variable_ids, ElementsAre("V:2", "V:1", "V:9"));
  EXPECT_THAT(collection.modes,
              ElementsAre(VariableMode{"1:0", "Light", ""}, VariableMode{"1:1", "Dark", ""}));
  ASSERT_EQ(read.variables.size(), 1U);
  const Variable& variable = read.variables.at("V:1");
  EXPECT_EQ(variable.name + variable.key + variable.collection_id + variable.description,
            "text/primaryvkC:1d");
  EXPECT_EQ(variable.type, VariableType::kColor);
  EXPECT_TRUE(variable.remote);
  EXPECT_TRUE(variable.hidden_from_publishing);
  EXPECT_TRUE(variable.deleted_but_referenced);
  EXPECT_THAT(variable.scopes, ElementsAre("TEXT_FILL", "BRAND_NEW"));
  EXPECT_THAT(variable.code_syntax, ElementsAre(Pair("WEB", "b"), Pair("iOS", "a")));
  EXPECT_EQ(variable.values,
            (ValuesByMode{{"1:0", VariableAlias{"V:404"}}, {"1:1", Color{0, 0.5, 1, 0.5}}}));
}

TEST(Variables, HaveValuesOfEveryKind) {
  EXPECT_EQ(value("true"), VariableValue(true));
  EXPECT_EQ(value("7"), VariableValue(7.0));
  EXPECT_EQ(value("0.25"), VariableValue(0.25));
  EXPECT_EQ(value(R"("Inter")"), VariableValue(std::string("Inter")));
  EXPECT_EQ(value(R"({"r":1,"g":1,"b":1})"), VariableValue(Color{1, 1, 1, 1}));
  EXPECT_EQ(value(R"({"type":"VARIABLE_ALIAS","id":"x"})"), VariableValue(VariableAlias{"x"}));
  EXPECT_EQ(value(R"({"color":{"r":1,"g":0,"b":0},"opacity":{"type":"VARIABLE_ALIAS","id":"o"}})"),
            VariableValue(ComposedColor{Color{1, 0, 0, 1}, VariableAlias{"o"}}));
  EXPECT_EQ(value(R"({"color":{"type":"VARIABLE_ALIAS","id":"c"},"opacity":0.5})"),
            VariableValue(ComposedColor{VariableAlias{"c"}, 0.5}));
  for (const char* unknown : {"null", "[]", R"([{"r":1}])", "{}", R"({"type":"NEW","id":"x"})"}) {
    EXPECT_EQ(value(unknown), VariableValue()) << unknown;
  }
}

TEST(Variables, KnowTypes) {
  auto type = [](const std::string& word) {
    return parse_variables(answer("", R"("V:1":{"id":"V:1","name":"v","variableCollectionId":"C",
      "valuesByMode":{},"resolvedType":")" +
                                          word + "\"}"))
        .variables.at("V:1")
        .type;
  };
  EXPECT_EQ(type("BOOLEAN"), VariableType::kBoolean);
  EXPECT_EQ(type("FLOAT"), VariableType::kFloat);
  EXPECT_EQ(type("STRING"), VariableType::kString);
  EXPECT_EQ(type("COLOR"), VariableType::kColor);
  EXPECT_EQ(type("BRAND_NEW"), VariableType::kOther);
}

TEST(Variables, ExtendCollections) {
  Variables read = parse_variables(answer(R"("C:2":{"id":"C:2","name":"Brand","defaultModeId":"2:0",
    "variableIds":[],"isExtension":true,"parentVariableCollectionId":"C:1",
    "rootVariableCollectionId":"C:0","modes":[{"modeId":"2:0","name":"L","parentModeId":"1:0"}],
    "variableOverrides":{"V:1":{"2:0":{"r":0,"g":0,"b":0,"a":1}}}})",
                                          ""));
  const VariableCollection& extension = read.collections.at("C:2");
  EXPECT_EQ(extension.parent_id, "C:1");
  EXPECT_EQ(extension.modes.at(0).parent_id, "1:0");
  EXPECT_EQ(extension.overrides.at("V:1").at("2:0"), VariableValue(Color{0, 0, 0, 1}));
}

TEST(Variables, NameThePathAtFault) {
  const std::string base = R"("id":"V:1","name":"v","variableCollectionId":"C")";
  struct Fault {
    std::string body;
    const char* says;
  };
  const Fault faults[] = {
      {R"({"meta":{"variables":{}}})", "meta.variableCollections is missing"},
      {R"({"meta":{"variables":[],"variableCollections":{}}})", "meta.variables is not an object"},
      {answer("", R"("V:1":null)"), "meta.variables.V:1 is not an object"},
      {answer("", R"("V:1":{"id":"V:2"})"), "meta.variables.V:1.id is not the key of its object"},
      {answer("", R"("V:1":{"id":"V:1"})"), "meta.variables.V:1.name is missing"},
      {answer("", R"("V:1":{)" + base + "}"), "meta.variables.V:1.resolvedType is missing"},
      {answer("", R"("V:1":{)" + base + R"(,"resolvedType":"COLOR"})"),
       "meta.variables.V:1.valuesByMode is missing"},
      {variable(R"({"r":0,"g":2,"b":0})"), "V:1.valuesByMode.1:0.g is not from 0 to 1"},
      {variable(R"({"type":"VARIABLE_ALIAS"})"), "V:1.valuesByMode.1:0.id is missing"},
      {variable(R"({"color":{"r":0},"opacity":1})"), "valuesByMode.1:0.color.g is missing"},
      {variable(R"({"color":{"r":0,"g":0,"b":0},"opacity":7})"), "opacity is not from 0 to 1"},
      {answer("",
              R"("V:1":{)" + base + R"(,"resolvedType":"COLOR","valuesByMode":{},"scopes":[1]})"),
       "meta.variables.V:1.scopes[0] is not a string"},
      {answer(R"("C:1":{"id":"C:1","name":"c"})", ""), "variableCollections.C:1.modes is missing"},
      {answer(R"("C:1":{"id":"C:1","name":"c","modes":[{"modeId":"1"}]})", ""),
       "meta.variableCollections.C:1.modes[0].name is missing"},
      {answer(R"("C:1":{"id":"C:1","name":"c","modes":[],"defaultModeId":"1","variableIds":[7]})",
              ""),
       "meta.variableCollections.C:1.variableIds[0] is not a string"},
  };
  for (const Fault& one : faults) EXPECT_THAT(refused_variables(one.body), HasSubstr(one.says));
  EXPECT_EQ(refused_variables(R"({"error":true,"status":403,"message":"Limited by Figma plan"})"),
            "Figma answers: Limited by Figma plan");
}

}  // namespace
}  // namespace gantry::figma
