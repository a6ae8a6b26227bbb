#include "gantry/figma/model/item_reader.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/figma/model/refusal_message.hpp"

namespace gantry::figma {
namespace {

namespace json = boost::json;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<Wanted> kWanted = {
    {"name"}, {"all"}, {"some", {{"x"}, {"deep", {{"y"}}}}}, {"items", {{"x"}}}};

// What is taken of each item, in order: its key, its path, and the tree as text.
struct Taken {
  std::vector<std::string> items;
  std::vector<std::string> others;
};

Taken read(std::string_view body, std::string_view parent = "meta",
           Listing::Kind kind = Listing::Kind::kObject) {
  Taken taken;
  auto listing = [&](std::string_view key, std::vector<std::string>& into) {
    return Listing{.key = key,
                   .kind = kind,
                   .wanted = kWanted,
                   .take =
                       [&into](const JsonNode& item, std::string_view item_key) {
                         into.push_back(std::string(item_key) + " " + item.path() + " " +
                                        json::serialize(item.value()));
                       },
                   .restart = [&into] { into.clear(); }};
  };
  std::vector<Listing> lists = {listing("items", taken.items), listing("others", taken.others)};
  read_items(body, parent, lists);
  return taken;
}

std::string lists(const std::string& items) {
  return R"({"meta":{"others":{},"items":{)" + items + "}}}";
}

TEST(ItemReader, TakesItemsOfEveryListInAnyOrder) {
  Taken taken = read(R"({"x":[{}],"meta":{"y":{"items":1},"others":{"o":{"name":"p"}},
    "items":{"1:2":{"name":"a"},"":{},"1:3":null}},"z":0})");
  EXPECT_THAT(taken.items, ElementsAre(R"(1:2 meta.items.1:2 {"name":"a"})", " meta.items. {}",
                                       "1:3 meta.items.1:3 null"));
  EXPECT_THAT(taken.others, ElementsAre(R"(o meta.others.o {"name":"p"})"));
}

TEST(ItemReader, FindsListsInTheBodyItself) {
  EXPECT_THAT(read(R"({"items":{"a":{"name":"b"}},"meta":{"items":7},"others":{}})", "").items,
              ElementsAre(R"(a items.a {"name":"b"})"));
}

TEST(ItemReader, TakesItemsOfArrays) {
  Taken taken = read(R"({"meta":{"items":[{"name":"a"},[1],"t",5],"others":[]}})", "meta",
                     Listing::Kind::kArray);
  EXPECT_THAT(taken.items, ElementsAre(R"( meta.items[0] {"name":"a"})", " meta.items[1] []",
                                       R"( meta.items[2] "")", " meta.items[3] 5"));
}

TEST(ItemReader, LeavesOutWhatIsNotWanted) {
  const std::string unknown = R"("u":{"name":"n","x":[1,{"y":2}]},"":[[]],"na":1,"namE":[{}],")" +
                              std::string(5000, 'k') + R"(":"v")";
  Taken taken =
      read(lists(R"("i":{)" + unknown + R"(,"name":null,"all":{"u":[1,2.5,true,"t"],"":{}},
    "some":{)" + unknown +
                 R"(,"x":{"u":1},"deep":{)" + unknown + R"(,"y":"z","x":1}},)" + unknown +
                 R"(,"items":[{"x":1,"y":2},7,[{"y":3,"x":4}],"t"]})"));
  EXPECT_THAT(taken.items,
              ElementsAre(R"(i meta.items.i {"name":null,"all":{"u":[1,2.5E0,true,"t"],"":{}},)"
                          R"("some":{"x":{"u":1},"deep":{"y":"z"}},)"
                          R"("items":[{"x":1},7,[{"x":4}],"t"]})"));
}

TEST(ItemReader, TakesTheLastOfEqualKeys) {
  EXPECT_THAT(read(lists(R"("a":{"name":1,"name":"b","some":{"x":1},"some":{}})")).items,
              ElementsAre(R"(a meta.items.a {"name":"b","some":{}})"));
  EXPECT_THAT(read(R"({"meta":{"others":{},"items":{"a":{}},"items":{"b":{}}}})").items,
              ElementsAre("b meta.items.b {}"));
  EXPECT_THAT(
      read(R"({"meta":{"others":{},"items":{"a":{}}},"meta":{"others":{},"items":{}}})").items,
      IsEmpty());
  EXPECT_THAT(message_of([] { read(R"({"meta":{"items":{},"others":{}},"meta":{"items":{}}})"); }),
              HasSubstr("meta.others is missing"));
  EXPECT_THAT(message_of([] { read(R"({"meta":{"others":{},"items":{},"items":[]}})"); }),
              HasSubstr("meta.items is not an object"));
}

TEST(ItemReader, NamesEveryPathAtFault) {
  struct Case {
    const char* body;
    const char* fault;
  };
  const Case cases[] = {
      {"5", "the body is not an object"},
      {R"([{"meta":{}}])", "the body is not an object"},
      {"{}", "meta is missing"},
      {R"({"a":{"meta":{}}})", "meta is missing"},
      {R"({"meta":[{"items":{}}]})", "meta is not an object"},
      {R"({"meta":null})", "meta is not an object"},
      {R"({"meta":{}})", "meta.items is missing"},
      {R"({"meta":{"items":"x"}})", "meta.items is not an object"},
      {R"({"meta":{"items":[{}]}})", "meta.items is not an object"},
      {R"({"meta":{"items":{}}})", "meta.others is missing"},
      {R"({"meta":{"items":{},"others":null}})", "meta.others is not an object"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(message_of([&] { read(one.body); }),
              std::string("unexpected answer from Figma: ") + one.fault)
        << one.body;
  }
}

TEST(ItemReader, ThrowsTheFirstFaultOfAnItemWhenAllIsRead) {
  auto fails = [](const std::string& body) {
    Listing list{.key = "items",
                 .kind = Listing::Kind::kArray,
                 .wanted = kWanted,
                 .take = [](const JsonNode& item, std::string_view) { item.text("name"); },
                 .restart = [] {}};
    return message_of([&] { read_items(body, "meta", {&list, 1}); });
  };
  EXPECT_THAT(fails(R"({"meta":{"items":[{"name":"a"},{"name":5},{}]}})"),
              HasSubstr("meta.items[1].name is not a string"));
  EXPECT_THAT(fails(R"({"meta":{"items":[{}]})"), HasSubstr("not valid JSON"));
  EXPECT_EQ(fails(R"({"meta":{"items":[{}]},"status":403,"err":"Not you"})"),
            "Figma answers: Not you");
  EXPECT_THAT(fails(R"({"meta":{"items":[{}],"items":[7]}})"),
              HasSubstr("meta.items[0] is not an object"));
}

TEST(ItemReader, PassesFigmasMessageAndStatusOn) {
  try {
    read(R"({"message":"Limited \u0062y Figma plan","status":403,"error":true})");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "Figma answers: Limited by Figma plan");
    EXPECT_EQ(error.http_status(), 403);
  }
  EXPECT_THAT(message_of([] { read(R"({"err":null,"message":{"err":"x"}})"); }),
              HasSubstr("meta is missing"));
}

TEST(ItemReader, ReadsNumbersAsTheyAreWritten) {
  // The parser of the library is off by one in the last bit of these.
  for (double number : {0.011399984359741211, 0.019607843831181526, 0.7686274647712708, -0.1,
                        1e-300, 1.7976931348623157e308, 0.1 + 0.2}) {
    std::string text(32, ' ');
    text.resize(static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%.17g", number)));
    Listing list{.key = "items",
                 .kind = Listing::Kind::kArray,
                 .wanted = kWanted,
                 .take =
                     [&](const JsonNode& item, std::string_view) {
                       JsonNode all = item.at("all");
                       EXPECT_EQ(all.at(0).number(), number) << text;
                     },
                 .restart = [] {}};
    read_items(R"({"meta":{"items":[{"all":[)" + text + "]}]}}", "meta", {&list, 1});
  }
  EXPECT_THAT(
      read(lists(R"("a":{"all":[9223372036854775808,-9223372036854775808,-0,12]})")).items,
      ElementsAre(R"(a meta.items.a {"all":[9223372036854775808,-9223372036854775808,0,12]})"));
}

TEST(ItemReader, RefusesTextCutOffAnywhere) {
  const std::string body = R"({"status":200,"meta":{"others":{},"items":{"a":{"n\u0061me":"é",
    "all":[1.5,-2,true,null,{"k":"v"}],"u":[{}]}}}})";
  ASSERT_EQ(read(body).items.size(), 1U);
  for (std::size_t length = 0; length < body.size(); ++length) {
    EXPECT_THAT(message_of([&] { read(body.substr(0, length)); }), HasSubstr("not valid JSON"));
  }
  EXPECT_THAT(message_of([&] { read(body + "x"); }), HasSubstr("not valid JSON"));
}

TEST(ItemReader, BoundsDepthAndSizeOfAnItem) {
  auto nested = [](std::size_t depth) {
    return R"("a":{"all":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(read(lists(nested(500))).items.size(), 1U);
  EXPECT_THAT(message_of([&] { read(lists(nested(600))); }), HasSubstr("not valid JSON"));

  std::string numbers = "0";
  for (int i = 0; i < 1'500'000; ++i) numbers += ",0";
  EXPECT_THAT(
      message_of([&] { read(lists(R"("a":{"all":[[)" + numbers + R"(]],"name":"n"},"b":{})")); }),
      HasSubstr("meta.items.a is too large"));
  std::string text(33UL << 20, 't');
  EXPECT_THAT(message_of([&] { read(lists(R"("a":{"all":[")" + text + R"(",{"k":1}]})")); }),
              HasSubstr("meta.items.a is too large"));
  EXPECT_THAT(message_of([&] { read(lists(R"("a":{"all":{")" + text + R"(":[1],"k":[]}})")); }),
              HasSubstr("meta.items.a is too large"));
  EXPECT_EQ(read(lists(R"("a":{"u":[")" + text + R"("]})")).items.size(), 1U);
}

}  // namespace
}  // namespace gantry::figma
