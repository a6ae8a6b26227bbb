#include "gantry/jobs/archive_sink.hpp"

#include <deque>
#include <map>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/files.hpp"

namespace gantry::jobs {
namespace {

namespace json = boost::json;

archive::Pi pi_of(int number) { return *archive::Pi::parse(fmt::format("{:026}", number)); }

// A tree in which number 0 is the root; every fifth entity is absent, and has no children.
struct Tree {
  int count;
  int fanout;

  bool is_absent(int number) const { return number % 5 == 4; }
  std::vector<int> children_of(int number) const {
    std::vector<int> children;
    if (is_absent(number)) return children;
    for (int child = number * fanout + 1; child <= number * fanout + fanout; ++child) {
      if (child < count) children.push_back(child);
    }
    return children;
  }
};

ArchiveRecord record_of(const archive::Place& place, const std::vector<int>& children,
                        bool is_absent, archive::DocumentFormat& format,
                        const std::filesystem::path& folder) {
  ArchiveRecord record{.place = place, .text = Spool(folder)};
  if (is_absent) {
    record.absence = archive::Absence{archive::Absence::Kind::kMissing, "gone", std::nullopt};
    record.text.append(format.absence(*record.absence, place));
    return record;
  }
  archive::Record parts;
  parts.manifest.pi = place.pi();
  parts.manifest.cid = "bafyM";
  parts.manifest.timestamp = "2026-01-01";
  for (int child : children) parts.manifest.children.push_back(pi_of(child));
  record.children = parts.manifest.children;
  auto writer = format.record(parts, place);
  record.text.append(writer->begin() + writer->end());
  return record;
}

std::string export_tree(const Tree& tree, const ArchiveOptions& options) {
  gantry::testing::TemporaryFolder folder;
  auto format = make_format(options);
  auto sink = make_sink(options, folder.path(), "2026-01-01T00:00:00Z");
  std::deque<std::pair<int, archive::Place>> queue = {{0, {{pi_of(0)}}}};
  std::uint64_t queued = 0;
  while (!queue.empty()) {
    auto [number, place] = queue.front();
    queue.pop_front();
    std::vector<int> children = tree.children_of(number);
    ArchiveRecord record =
        record_of(place, children, tree.is_absent(number), *format, folder.path());
    ChildLinks links;
    links.first = 1 + queued;
    for (int child : children) {
      archive::Place below = place;
      below.path.push_back(pi_of(child));
      queue.emplace_back(child, below);
      ++links.count;
      ++queued;
    }
    sink->add(record, links);
  }
  return sink->finish().read(1 << 30);
}

// How often each entity stands in the tree, and that children are where they belong.
void visit(const json::value& entity, const Tree& tree, int number, std::map<int, int>& seen) {
  ++seen[number];
  EXPECT_EQ(entity.at("pi"), json::string(pi_of(number).text()));
  std::vector<int> expected = tree.children_of(number);
  EXPECT_EQ(entity.at("children_count"), expected.size());
  std::size_t open = 0;
  std::size_t absent = 0;
  for (int child : expected) {
    if (tree.is_absent(child)) {
      EXPECT_EQ(entity.at("children_absent").at(absent++).at("pi"),
                json::string(pi_of(child).text()));
      ++seen[child];
    } else {
      visit(entity.at("children").at(open++), tree, child, seen);
    }
  }
  EXPECT_EQ(entity.at("children").as_array().size(), open);
}

TEST(ArchiveSink, PutsRecordsThatComeLevelByLevelIntoTheirTree) {
  auto options = ArchiveOptions::defaults(ArchiveFormat::kPinax);
  options.is_recursive = true;
  options.max_depth = 50;
  for (const Tree& tree : {Tree{1, 3}, Tree{2, 1}, Tree{4, 1}, Tree{1000, 3}, Tree{3000, 60}}) {
    std::string text = export_tree(tree, options);
    json::parse_options deep;
    deep.max_depth = 256;
    std::map<int, int> seen;
    visit(json::parse(text, {}, deep).at("root"), tree, 0, seen);
    for (const auto& [number, times] : seen) EXPECT_EQ(times, 1) << number;
  }
}

TEST(ArchiveSink, KeepsTheOrderOfRecordsInACollection) {
  auto options = ArchiveOptions::defaults(ArchiveFormat::kMods);
  options.is_recursive = true;
  std::string text = export_tree({200, 3}, options);
  std::size_t last = 0;
  Tree tree{200, 3};
  std::deque<int> order = {0};
  while (!order.empty()) {
    std::size_t at = text.find("ID=\"entity-" + pi_of(order.front()).text());
    ASSERT_NE(at, std::string::npos);
    EXPECT_GT(at, last);
    last = at;
    for (int child : tree.children_of(order.front())) order.push_back(child);
    order.pop_front();
  }
  EXPECT_TRUE(text.ends_with("</modsCollection>\n"));
}

}  // namespace
}  // namespace gantry::jobs
