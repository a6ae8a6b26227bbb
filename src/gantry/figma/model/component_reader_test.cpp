#include <cstddef>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/figma/model/model.hpp"

namespace gantry::figma {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Error error_of(std::string_view body) {
  try {
    parse_components(body);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadResponse);
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorCode::kInternal, ""};
}

std::string list(const std::string& items) { return R"({"meta":{"components":[)" + items + "]}}"; }

// The text with every @ replaced.
std::string filled(std::string_view text, std::string_view value) {
  std::string result;
  for (char c : text) {
    if (c == '@') {
      result += value;
    } else {
      result += c;
    }
  }
  return result;
}

std::string set_of(const Component& component) {
  return component.set ? component.set->name + " " + component.set->node_id : "none";
}

Component component(const std::string& item) {
  auto components = parse_components(list(item));
  EXPECT_EQ(components.size(), 1U);
  return components.empty() ? Component{} : components[0];
}

// A component with a field besides those that it must have.
Component component_with(const std::string& field) {
  return component(R"({"node_id":"1:2","name":"a",)" + field + "}");
}

TEST(ComponentReader, NamesEveryPathAtFault) {
  struct Case {
    std::string body;
    std::string fault;
  };
  const Case cases[] = {
      {"null", "the body is not an object"},
      {"5", "the body is not an object"},
      {R"("meta")", "the body is not an object"},
      {R"([{"meta":{"components":[]}}])", "the body is not an object"},
      {"{}", "meta is missing"},
      {R"({"a":{"meta":{"components":[]}}})", "meta is missing"},
      {R"({"meta":null})", "meta is not an object"},
      {R"({"meta":[{"components":[]}]})", "meta is not an object"},
      {R"({"meta":"components"})", "meta is not an object"},
      {R"({"meta":{}})", "meta.components is missing"},
      {R"({"meta":{"a":{"components":[]}}})", "meta.components is missing"},
      {R"({"meta":{"component_sets":[]}})", "meta.components is missing"},
      {R"({"meta":{"components":null}})", "meta.components is not an array"},
      {R"({"meta":{"components":"x"}})", "meta.components is not an array"},
      {list("null"), "meta.components[0] is not an object"},
      {list(R"("x")"), "meta.components[0] is not an object"},
      {list(R"({"node_id":"1","name":"a"},[{"name":1}])"), "meta.components[1] is not an object"},
      {list("{}"), "meta.components[0].node_id is missing"},
      {list(R"({"a":{"node_id":"1:2"},"name":"a"})"), "meta.components[0].node_id is missing"},
      {list(R"({"node_id":{"node_id":"1:2"}})"), "meta.components[0].node_id is not a string"},
      {list(R"({"node_id":["1:2"]})"), "meta.components[0].node_id is not a string"},
      {list(R"({"node_id":null,"name":"a"})"), "meta.components[0].node_id is not a string"},
      {list(R"({"node_id":"","name":"a"})"), "meta.components[0].node_id is empty"},
      {list(R"({"node_id":"1:2"})"), "meta.components[0].name is missing"},
      {list(R"({"node_id":"1:2","name":true})"), "meta.components[0].name is not a string"},
      {list(R"({"node_id":"1:2","name":{}},7)"), "meta.components[0].name is not a string"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(error_of(one.body).message(), "unexpected answer from Figma: " + one.fault)
        << one.body;
  }
}

TEST(ComponentReader, NamesTheListThatItReads) {
  try {
    parse_component_sets(R"({"meta":{"component_sets":[{"node_id":"1:2"}],"components":[]}})");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("meta.component_sets[0].name is missing"));
  }
}

TEST(ComponentReader, TakesOptionalFieldsOfAnotherKindForAbsent) {
  for (const char* value : {"null", "5", "-1.5e3", "true", "[]", R"(["x"])", R"({"name":"x"})"}) {
    Component odd = component_with(filled(R"("description":@,"updated_at":@)", value));
    EXPECT_EQ(odd.description + odd.updated_at, "") << value;
    odd = component_with(filled(R"("containing_frame":{"nodeId":@,"pageName":@,"name":"F",
      "containingComponentSet":{"nodeId":@,"name":"S"}})",
                                value));
    EXPECT_EQ(odd.frame.node_id + odd.frame.page_name, "") << value;
    EXPECT_EQ(odd.frame.name, "F");
    EXPECT_EQ(set_of(odd), "S ") << value;
  }
  for (const char* value : {"null", "5", R"("F")", R"([{"name":"F"}])"}) {
    Component odd = component_with(filled(R"("containing_frame":@)", value));
    EXPECT_EQ(odd.frame.name, "") << value;
    EXPECT_EQ(set_of(odd), "none") << value;
  }
}

TEST(ComponentReader, PrefersTheComponentSetInEitherOrder) {
  auto set_in_frame = [](const std::string& frame) {
    return set_of(component_with(filled(R"("containing_frame":{@})", frame)));
  };
  const std::string set = R"("containingComponentSet":{"name":"Set","nodeId":"1:1"})";
  const std::string group = R"("containingStateGroup":{"name":"Group","nodeId":"1:0"})";
  EXPECT_EQ(set_in_frame(set + "," + group), "Set 1:1");
  EXPECT_EQ(set_in_frame(group + "," + set), "Set 1:1");
  EXPECT_EQ(set_in_frame(group + R"(,"containingComponentSet":"Set")"), "Group 1:0");
  EXPECT_EQ(set_in_frame(R"("containingComponentSet":{},)" + group), " ");
}

TEST(ComponentReader, TakesTheLastOfEqualKeys) {
  Component twice = component(R"({"node_id":5,"name":"a","node_id":"1:2","name":"b",
    "description":"d","description":null,
    "containing_frame":{"name":"F","nodeId":"0:9","containingComponentSet":{"name":"S"}},
    "containing_frame":{"name":"G","name":"H",
      "containingStateGroup":{"name":"T","nodeId":"1:0"},"containingStateGroup":{"name":"U"}}})");
  EXPECT_EQ(twice.node_id, "1:2");
  EXPECT_EQ(twice.name, "b");
  EXPECT_EQ(twice.description, "");
  EXPECT_EQ(twice.frame.name, "H");
  EXPECT_EQ(twice.frame.node_id, "");
  EXPECT_EQ(set_of(twice), "U ");

  EXPECT_EQ(parse_components(R"({"meta":5,"meta":{"components":[7,8],"components":[
    {"node_id":"1:2","name":"a"}]}})")
                .size(),
            1U);
  EXPECT_THAT(error_of(R"({"meta":{"components":[]},"meta":{}})").message(),
              HasSubstr("meta.components is missing"));
  EXPECT_THAT(error_of(R"({"meta":{"components":[{"node_id":"1:2","name":"a"}],"components":[7]}})")
                  .message(),
              HasSubstr("meta.components[0] is not an object"));
}

TEST(ComponentReader, KeepsTheOrderOfTheAnswerAndTheFirstOfEqualIds) {
  std::string items;
  for (int i = 0; i < 1000; ++i) {
    if (i > 0) items += ",";
    items += filled(R"({"node_id":"1:@","name":)", std::to_string((i * 7919) % 500));
    items += filled(R"("@"})", std::to_string(i));
  }
  auto components = parse_components(list(items));
  ASSERT_EQ(components.size(), 500U);
  for (std::size_t i = 0; i < components.size(); ++i) {
    EXPECT_EQ(components[i].name, std::to_string(i));
  }
}

TEST(ComponentReader, ReadsEscapedAndLongText) {
  std::string text(10'000, 'x');
  Component odd = component(R"({"n\u006fde_id":"1\u003a2","name":"\u00e4\"\\\n\ud83d\ude00)" +
                            text + R"(","description":")" + text + R"(","updated_at":"\u0000"})");
  EXPECT_EQ(odd.node_id, "1:2");
  EXPECT_EQ(odd.name, "\u00e4\"\\\n\U0001F600" + text);
  EXPECT_EQ(odd.description, text);
  EXPECT_EQ(odd.updated_at, std::string(1, '\0'));
}

TEST(ComponentReader, SkipsUnknownFieldsWhateverTheyHold) {
  const std::string unknown = R"("node":{"node_id":7,"name":[{"node_id":1}],"meta":{}},"":"",
    "node_id\u0000":1,"list":[[[]],{"components":[{}]},"node_id",1.5],")" +
                              std::string(5000, 'k') + R"(\n":"name")";
  auto components =
      parse_components("{" + unknown + R"(,"meta":{)" + unknown + R"(,"components":[{)" + unknown +
                       R"(,"node_id":"1:2","name":"a","containing_frame":{)" + unknown +
                       R"(,"name":"F","containingComponentSet":{)" + unknown +
                       R"(,"name":"S"},"pageName":"P"}}]}})");
  ASSERT_EQ(components.size(), 1U);
  EXPECT_EQ(components[0].node_id, "1:2");
  EXPECT_EQ(components[0].frame.name, "F");
  EXPECT_EQ(components[0].frame.page_name, "P");
  EXPECT_EQ(set_of(components[0]), "S ");
}

TEST(ComponentReader, ReadsNumbersOfAnySizeAsSomethingElse) {
  for (const char* number : {"9223372036854775808", "-9223372036854775809", "1e308",
                             "123456789012345678901234567890", "0.1e-400", "-0"}) {
    EXPECT_EQ(component_with(filled(R"("description":@)", number)).description, "") << number;
    EXPECT_THAT(error_of(list(filled(R"({"node_id":@})", number))).message(),
                HasSubstr("meta.components[0].node_id is not a string"));
  }
  EXPECT_EQ(component_with(R"("size":)" + std::string(100'000, '7')).name, "a");
  EXPECT_THAT(error_of(list("1e99999999999")).message(), HasSubstr("unexpected answer"));
}

TEST(ComponentReader, BoundsTheDepthOfWhatItSkips) {
  auto nested = [](std::size_t depth) {
    return R"("x":)" + std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(component_with(nested(500)).name, "a");
  for (const std::string& body : {"{" + nested(600) + "}", list("{" + nested(600) + "}"),
                                  list("{" + nested(5'000'000) + "}")}) {
    EXPECT_THAT(error_of(body).message(), HasSubstr("not valid JSON"));
  }
}

TEST(ComponentReader, RefusesTextCutOffAnywhere) {
  const std::string body = R"({"status":200,"meta":{"components":[{"node_id":"1:2","n\u0061me":"é",
    "x":[1.5,true,null],"containing_frame":{"name":"F","containingComponentSet":{"name":"S"}}}]}})";
  ASSERT_EQ(parse_components(body).size(), 1U);
  for (std::size_t length = 0; length < body.size(); ++length) {
    EXPECT_THAT(error_of(body.substr(0, length)).message(), HasSubstr("not valid JSON")) << length;
  }
  for (const char* tail : {"x", "{}", ",", "]", "}"}) {
    EXPECT_THAT(error_of(body + tail).message(), HasSubstr("not valid JSON")) << tail;
  }
  EXPECT_EQ(parse_components(body + " \n").size(), 1U);
}

TEST(ComponentReader, SaysThatTextIsNotJsonBeforeAnythingElse) {
  EXPECT_THAT(error_of(R"({"err":"no","meta":{"components":[5]})").message(),
              HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of("{\"meta\":{\"components\":[{\"node_id\":\"\xff\"}]}}").message(),
              HasSubstr("not valid JSON"));
}

TEST(ComponentReader, PassesFigmasMessageAndStatusOn) {
  Error error = error_of(R"({"status":403,"err":"Invalid token"})");
  EXPECT_EQ(error.message(), "Figma answers: Invalid token");
  EXPECT_EQ(error.http_status(), 403);
  error = error_of(R"({"message":"Not \u0066ound","error":true,"status":404,"meta":{}})");
  EXPECT_EQ(error.message(), "Figma answers: Not found");
  EXPECT_EQ(error.http_status(), 404);
  EXPECT_EQ(error_of(R"({"message":"second","err":"first"})").message(), "Figma answers: first");
  EXPECT_EQ(error_of(R"({"err":null,"message":"m","meta":[]})").message(), "Figma answers: m");
  EXPECT_EQ(error_of(R"({"meta":{"components":[5]},"err":"late"})").message(),
            "Figma answers: late");
  for (const char* status : {"\"403\"", "-1", "1000", "403.5", "18446744073709551615", "[403]"}) {
    EXPECT_EQ(error_of(filled(R"({"status":403,"err":"e","status":@})", status)).http_status(), 0)
        << status;
  }
  EXPECT_THAT(error_of(R"({"a":{"err":"inner"},"message":{"message":"inner"}})").message(),
              StartsWith("unexpected answer"));
}

TEST(ComponentReader, ReadsAnAnswerThatAlsoHasAMessage) {
  EXPECT_TRUE(parse_components(R"({"err":"x","message":"y","meta":{"components":[]}})").empty());
}

}  // namespace
}  // namespace gantry::figma
