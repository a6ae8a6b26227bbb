#include "apps/sandbox/arke_tree.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "apps/sandbox/arke_cid.hpp"
#include "apps/sandbox/random.hpp"

namespace gantry::sandbox {
namespace {

namespace json = boost::json;

constexpr std::string_view kPiPrefix = "01JZSANDB0X";
constexpr std::size_t kLength = 26;
constexpr std::int32_t kFirstPage = 4;
constexpr std::string_view kUnknown = R"({"error":"NOT_FOUND","message":"Entity not found"})";
constexpr std::string_view kWords[] = {"harbour", "letter", "clerk", "ledger", "storm",
                                       "cargo",   "voyage", "tide",  "signal", "quay"};

std::string timestamp_of(std::int64_t number) {
  return fmt::format("2026-01-{:02}T{:02}:{:02}:00.000Z", 1 + number % 28, number % 24,
                     number / 24 % 60);
}

std::string words(Random& random, int bytes) {
  std::string text;
  while (static_cast<int>(text.size()) < bytes) {
    text += kWords[random.below(static_cast<int>(std::size(kWords)))];
    text += random.below(9) == 0 ? '\n' : ' ';
  }
  return text;
}

json::object pinax_of(const std::string& id, std::string_view title) {
  return {{"id", id},
          {"title", title},
          {"type", "Text"},
          {"creator", {"Quill, Ada", "Stone, Ben"}},
          {"institution", "Invented University Archive"},
          {"created", "1923-05-17"},
          {"language", "en"},
          {"subjects", {"Harbours", "Letters"}},
          {"description", "A letter of the harbour office."},
          {"access_url", "PLACEHOLDER"},
          {"source", "Harbour Office"},
          {"rights", "Public domain"},
          {"place", "Port Imaginary"}};
}

std::string cheimarros_of(std::string_view office) {
  return fmt::format(
      R"({{"entities":{{"ada":{{"type":"person","label":"Ada Quill","properties":{{"role":"clerk",)"
      R"("employer":{{"type":"entity_ref","code":"office"}}}}}},)"
      R"("office":{{"type":"organization","label":"{}","properties":{{}}}},)"
      R"("port":{{"type":"place","label":"Port Imaginary","properties":{{}}}}}},)"
      R"("relations":[{{"source":"ada","target":"office","type":"employed_by","properties":{{}}}}]}})",
      office);
}

json::object manifest_of(const std::string& pi, std::int64_t number) {
  return {{"pi", pi},
          {"ver", 1 + number % 5},
          {"ts", timestamp_of(number)},
          {"manifest_cid", opaque_cid_of("manifest of " + pi)}};
}

std::string reference_of(std::string_view name, std::string_view text, std::int64_t size) {
  return json::serialize(json::object{{"url", fmt::format("https://cdn.example.test/{}", name)},
                                      {"ipfs_cid", opaque_cid_of(name)},
                                      {"type", "image/jpeg"},
                                      {"size", size},
                                      {"filename", name},
                                      {"ocr", text}});
}

}  // namespace

ArkeTree::ArkeTree(ArkeOptions options) : options_(options) {
  if (options_.oddities) add_oddities();
}

std::string ArkeTree::pi_of(std::int64_t number) {
  return fmt::format("{}{:015}", kPiPrefix, number);
}

ArkeAnswer ArkeTree::entity(std::string_view pi) {
  if (const auto odd = odd_.find(std::string(pi)); odd != odd_.end()) return odd->second;
  std::int64_t number = 0;
  const bool is_own = pi.size() == kLength && pi.starts_with(kPiPrefix);
  if (!is_own) return {404, std::string(kUnknown)};
  const auto [end, failure] =
      std::from_chars(pi.data() + kPiPrefix.size(), pi.data() + pi.size(), number);
  const bool is_number = failure == std::errc() && end == pi.data() + pi.size();
  if (!is_number || number >= options_.entities) return {404, std::string(kUnknown)};
  return generated(number);
}

// Parts are numbered: PINAX, description, graph, notes, then the pages.
std::string ArkeTree::key_of(std::int32_t part) const {
  constexpr std::string_view kKeys[] = {"pinax.json", "description.md", "cheimarros.json",
                                        "notes.txt"};
  if (part < kFirstPage) return std::string(kKeys[part]);
  return fmt::format("page-{}.jpg.ref.json", part - kFirstPage + 1);
}

std::string ArkeTree::part_of(std::int64_t number, std::int32_t part) const {
  Random random(mix(static_cast<std::uint64_t>(number) * 64 + static_cast<std::uint64_t>(part)));
  switch (part) {
    case 0:
      return json::serialize(pinax_of(pi_of(number), fmt::format("Letter {}", number)));
    case 1:
      return fmt::format("# Letter {}\n\nA letter *about* {}.\n", number, words(random, 80));
    case 2:
      return cheimarros_of(fmt::format("Harbour Office {}", number));
    case 3:
      return fmt::format("Notes on letter {}: {}", number, words(random, 40));
    default:
      return reference_of(fmt::format("letter {} page {}.jpg", number, part - kFirstPage + 1),
                          words(random, options_.page_bytes), 100'000 + number);
  }
}

ArkeAnswer ArkeTree::generated(std::int64_t number) {
  json::object manifest = manifest_of(pi_of(number), number);
  json::object components;
  for (std::int32_t part = 0; part < kFirstPage + options_.pages; ++part) {
    const std::string cid = cid_of(part_of(number, part));
    components[key_of(part)] = cid;
    const std::lock_guard lock(mutex_);
    named_.emplace(cid, Place{number, part});
  }
  manifest["components"] = std::move(components);
  json::array children;
  const std::int64_t first = number * options_.fanout + 1;
  for (std::int64_t child = first; child < first + options_.fanout; ++child) {
    if (child < options_.entities) children.emplace_back(pi_of(child));
  }
  if (number == 0) {
    for (const std::string& odd : odd_children_) children.emplace_back(odd);
  }
  manifest["children_pi"] = std::move(children);
  if (number > 0) manifest["parent_pi"] = pi_of((number - 1) / options_.fanout);
  return {200, json::serialize(manifest)};
}

ArkeAnswer ArkeTree::content(const std::string& cid) {
  if (const auto odd = contents_.find(cid); odd != contents_.end()) return {200, odd->second};
  Place place;
  {
    const std::lock_guard lock(mutex_);
    const auto named = named_.find(cid);
    if (named == named_.end()) return {404, "block not found"};
    place = named->second;
  }
  return {200, part_of(place.number, place.part)};
}

// Two linked entities and one edge, told at both of its ends; and one that another entity has told.
ArkeAnswer ArkeTree::graph(std::string_view body) const {
  json::error_code failure;
  const json::value question = json::parse(body, failure);
  const json::value* pi = question.is_object() ? question.get_object().if_contains("pi") : nullptr;
  if (pi == nullptr || !pi->is_string()) {
    return {400, R"({"error":"VALIDATION_ERROR","message":"pi is missing"})"};
  }
  const std::string own(std::string_view(pi->get_string()));
  if (own.ends_with("N0GRAPH")) return {404, std::string(kUnknown)};
  auto edge = [](std::string_view direction, std::string_view target, std::string_view label,
                 std::string_view source) {
    return json::object{
        {"direction", direction}, {"predicate", "employs"}, {"target_id", target},
        {"target_code", target},  {"target_label", label},  {"target_type", "person"},
        {"properties", {}},       {"source_pi", source},    {"created_at", "2026-01-01T00:00:00Z"}};
  };
  auto linked = [&own](std::string_view id, std::string_view label, json::array relationships) {
    return json::object{{"canonical_id", id},  {"code", id},
                        {"label", label},      {"type", "person"},
                        {"properties", {}},    {"created_by_pi", own},
                        {"source_pis", {own}}, {"relationships", std::move(relationships)}};
  };
  json::array entities;
  entities.push_back(linked(
      "office", "Office",
      {edge("outgoing", "ada", "Ada", own), edge("outgoing", "ben", "Ben", pi_of(999'999'999))}));
  entities.push_back(linked("ada", "Ada", {edge("incoming", "office", "Office", own)}));
  return {200, json::serialize(json::object{
                   {"pi", own}, {"total_count", 2}, {"entities", std::move(entities)}})};
}

}  // namespace gantry::sandbox
