// Counts what this program allocates, to prove that long answers are not held as trees, and that
// records take no more memory than their size allows.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include <gtest/gtest.h>
#include <malloc.h>

#include "gantry/base/error.hpp"
#include "gantry/figma/model/codec.hpp"
#include "gantry/figma/model/record_bytes.hpp"

namespace {

std::atomic<std::size_t> allocated = 0;
std::atomic<std::size_t> most_allocated = 0;

}  // namespace

void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  std::size_t now = allocated += malloc_usable_size(memory);
  if (now > most_allocated) most_allocated = now;
  return memory;
}

void operator delete(void* memory) noexcept {
  if (memory != nullptr) allocated -= malloc_usable_size(memory);
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace gantry::figma {
namespace {

// As long as Figma's own, with `last` at the end of the list.
std::string long_answer(std::size_t count, const std::string& last) {
  std::string body = R"({"error":false,"status":200,"meta":{"components":[)";
  for (std::size_t i = 0; i < count; ++i) {
    body += R"({"key":"5300e6b00d861ffb7988be806901038deba75d3b","node_id":"140:)";
    body += std::to_string(i);
    body += R"(","thumbnail_url":"https://example.invalid/a/rather/long/address/of/a/picture.png",
      "name":"Size=Small, Position=Right, State=Focus","description":"","description_rt":"",
      "created_at":"2026-01-13T17:35:52.614Z","updated_at":"2026-01-13T17:50:26.933Z",
      "containing_frame":{"name":"Input OTP","nodeId":"280:101027","pageId":"842:49177",
        "pageName":"Input OTP","containingComponentSet":{"name":"Input OTP","nodeId":"140:11468"}},
      "user":{"id":"0","handle":"a","history":[1,[2,{"3":4}],[],{},[5,6,7,8,9]]}},)";
  }
  return body + last + "]}}";
}

struct Use {
  std::size_t most;  // at any moment, beyond what was there before
  std::size_t kept;
};

Use use_of(auto act) {
  std::size_t before = allocated;
  most_allocated = before;
  [[maybe_unused]] auto result = act();
  return {.most = most_allocated - before, .kept = allocated - before};
}

TEST(ComponentMemory, IsThatOfTheResult) {
  std::string body = long_answer(5000, R"({"node_id":"1:1","name":"last"})");
  Use use = use_of([&] { return parse_components(body); });
  EXPECT_GT(use.kept, 5001 * sizeof(Component));
  EXPECT_LT(use.most, use.kept + body.size() / 50);
  EXPECT_LT(use.kept, body.size());
}

TEST(ComponentMemory, IsNotWastedOnWhatIsUnknown) {
  std::string list = "[" + std::string(200'000, '1');
  for (int i = 0; i < 200'000; ++i) list += R"(,{"a":[null,"some text"]})";
  std::string body = R"({"unknown":)" + list + R"(],"meta":{"components":[],"unknown":)" + list +
                     R"(]},")" + std::string(1'000'000, 'k') + R"(":"x"})";
  Use use = use_of([&] { return parse_components(body); });
  EXPECT_LT(use.most, 16U << 10);
}

TEST(ComponentMemory, IsBoundedWhereTheAnswerIsAtFault) {
  std::string body = long_answer(5000, "7");
  Use use = use_of([&] {
    try {
      parse_components(body);
    } catch (const Error& error) {
      return error.message();
    }
    return std::string();
  });
  EXPECT_GT(use.kept, 0U);
  EXPECT_LT(use.most, body.size());
}

// `inner` stands in each node beside what is read of it.
std::string long_nodes(int count, const std::string& inner) {
  std::string body = R"({"name":"F","nodes":{)";
  for (int i = 0; i < count; ++i) {
    if (i > 0) body += ",";
    body += "\"4:" + std::to_string(i) + R"(":{"document":{"name":"background/primary_hover",
      "type":"RECTANGLE","children":)" +
            inner + R"(,"fills":[{"blendMode":"NORMAL","type":"SOLID",
      "color":{"r":0.7686274647712708,"g":0.7686274647712708,"b":0.7686274647712708,"a":1}}],
      "absoluteBoundingBox":{"x":0,"y":0,"width":80,"height":80},"strokes":[],"effects":[]},
      "components":{},"componentSets":{},"schemaVersion":0,"styles":{}})";
  }
  return body + "}}";
}

TEST(NodeMemory, IsThatOfTheResult) {
  std::string children = "[7";
  for (int i = 0; i < 100; ++i)
    children += R"(,{"name":"x","fills":[{"type":"SOLID"}],"children":[]})";
  std::string body = long_nodes(2000, children + "]");
  Use use = use_of([&] { return parse_nodes(body); });
  EXPECT_GT(use.kept, 2000 * sizeof(Node));
  EXPECT_LT(use.most, use.kept + (64U << 10));
}

TEST(NodeMemory, IsBoundedForAHundredThousandNodes) {
  std::string body = long_nodes(100'000, "[]");
  Use use = use_of([&] { return parse_nodes(body); });
  EXPECT_LT(use.most, use.kept + (64U << 10));
  EXPECT_LT(use.kept, 2 * body.size());
}

std::size_t most_of_decoding(const std::string& record, auto decode) {
  bool is_refused = false;
  Use use = use_of([&] {
    try {
      decode(record);
    } catch (const Error&) {
      is_refused = true;
    }
    return 0;
  });
  EXPECT_TRUE(is_refused);
  return use.most;
}

TEST(RecordMemory, IsNotTakenForWhatIsNotThere) {
  for (std::uint64_t size : {std::uint64_t{20}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
    RecordWriter list(RecordKind::kComponents);
    list.number(size);
    EXPECT_LT(most_of_decoding(list.finish(), decode_components), 1000U);
    RecordWriter map(RecordKind::kNodes);
    map.number(size);
    EXPECT_LT(most_of_decoding(map.finish(), decode_nodes), 1000U);
    RecordWriter text(RecordKind::kFileMeta);
    text.number(size * 2);
    EXPECT_LT(most_of_decoding(text.finish(), decode_file_meta), 1000U);
  }
}

TEST(RecordMemory, IsBoundedByTheSizeOfTheRecord) {
  // As many components as could be there, and a text that all could repeat.
  const std::string longest(64, 't');
  RecordWriter writer(RecordKind::kComponents);
  writer.number(10'000);
  for (int i = 0; i < 10'000 * 8 - 1; ++i) writer.text(longest);
  std::string record = writer.finish();
  EXPECT_LT(most_of_decoding(record, decode_components), 100 * record.size());
}

}  // namespace
}  // namespace gantry::figma
