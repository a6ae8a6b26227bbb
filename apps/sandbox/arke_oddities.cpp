#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "apps/sandbox/arke_cid.hpp"
#include "apps/sandbox/arke_tree.hpp"

namespace gantry::sandbox {
namespace {

namespace json = boost::json;

std::string odd_pi(std::string_view word) { return fmt::format("01JZ{:0>22}", word); }

std::string text_of(const json::object& object) { return json::serialize(object); }

std::string good_pinax(std::string_view title) {
  return text_of({{"id", "01JZ0000000000000000000000"},
                  {"title", title},
                  {"type", "Collection"},
                  {"creator", "Quill, Ada"},
                  {"institution", "Invented University Archive"},
                  {"created", "1923"},
                  {"access_url", "https://example.org/letters"}});
}

// Text that would break a document, or be changed by a careless one.
std::string hostile_pinax() {
  return text_of({{"id", "a\"b<c>&d"},
                  {"title", "Ben & Ada's <letter> \"quoted\" ]]> &amp; \xF0\x9F\x93\x9C"},
                  {"type", "Sculpture"},
                  {"creator", {"", "O'Brien & Sons <Ltd>", 7}},
                  {"institution", "Archive\x01\x02 of \xEF\xBF\xBE nothing"},
                  {"created", "circa 1923"},
                  {"language", "xx-Klingon"},
                  {"subjects", {"Harbours", "Harbours", "Port Imaginary"}},
                  {"place", {"Port Imaginary", "Port Imaginary"}},
                  {"description", "one\r\n\r\n\r\n\r\n  two  \n"},
                  {"access_url", "javascript:alert(1) %zz"},
                  {"source", "a\tb\rc\nd"},
                  {"rights", "<script>alert(1)</script>"}});
}

std::string hostile_page() {
  return text_of({{"url", "https://cdn.example.test/?a=1&b=<2>"},
                  {"ipfs_cid", "bafyIMG"},
                  {"type", "image/jpeg"},
                  {"size", 12},
                  {"filename", "page <1> & \"2\".jpg"},
                  {"ocr", "  Dear Sir,\n\n\tyours & <mine>\r\n   end  \n"}});
}

}  // namespace

// The answer to "GET /entities/{pi}" for the word; its parts can be had by their CIDs.
json::object ArkeTree::add_oddity(std::string_view word, std::map<std::string, std::string> parts) {
  json::object components;
  for (auto& [key, text] : parts) {
    std::string cid = cid_of(text);
    components[key] = cid;
    contents_[cid] = std::move(text);
  }
  return {{"pi", odd_pi(word)},
          {"ver", 1},
          {"ts", "2026-02-03T04:05:06.000Z"},
          {"manifest_cid", opaque_cid_of(word)},
          {"components", std::move(components)},
          {"parent_pi", pi_of(0)}};
}

void ArkeTree::add_oddities() {
  auto add = [this](std::string_view word, const json::object& answer) {
    odd_[odd_pi(word)] = {200, text_of(answer)};
    odd_children_.push_back(odd_pi(word));
  };
  const std::map<std::string, std::string> none;

  json::object newer = add_oddity("NEWER", {{"pinax.json", good_pinax("Newer")}});
  newer["id"] = newer["pi"];
  newer["type"] = "text";
  newer["label"] = "Newer";
  newer.erase("pi");
  add("NEWER", newer);

  odd_[odd_pi("TARGET")] = {200,
                            text_of(add_oddity("TARGET", {{"pinax.json", good_pinax("Kept")}}))};
  add("MERGED", {{"id", odd_pi("MERGED")}, {"merged", true}, {"merged_into", odd_pi("TARGET")}});
  add("MERGEDT00", {{"id", odd_pi("MERGEDT00")}, {"merged", true}, {"merged_into", pi_of(1)}});
  add("MERGEDL0ST",
      {{"id", odd_pi("MERGEDL0ST")}, {"merged", true}, {"merged_into", odd_pi("MISSING")}});
  add("MERGEDR0UND",
      {{"id", odd_pi("MERGEDR0UND")}, {"merged", true}, {"merged_into", odd_pi("MERGEDR0UND")}});
  add("DELETED", {{"id", odd_pi("DELETED")}, {"status", "deleted"}, {"deleted_at", "2026-01-01"}});
  odd_children_.push_back(odd_pi("MISSING"));
  odd_[odd_pi("BR0KEN")] = {500, R"({"error":"INTERNAL_ERROR","message":"Out of order"})"};
  odd_children_.push_back(odd_pi("BR0KEN"));

  json::object cycle = add_oddity("CYCLE", {{"pinax.json", good_pinax("Cycle")}});
  cycle["children_pi"] = {pi_of(0), odd_pi("CYCLE"), pi_of(2), odd_pi("BEL0W"), odd_pi("BEL0W")};
  add("CYCLE", cycle);
  odd_[odd_pi("BEL0W")] = {200,
                           text_of(add_oddity("BEL0W", {{"pinax.json", good_pinax("Below")}}))};

  add("H0STILE", add_oddity("H0STILE", {{"pinax.json", hostile_pinax()},
                                        {"page & <1>.ref.json", hostile_page()},
                                        {"other \"file\".txt", "x"}}));
  add("N0PINAX", add_oddity("N0PINAX", {{"description.md", "Only *this*.\n"}}));
  add("BADPINAX", add_oddity("BADPINAX", {{"pinax.json", "{\"title\": \"cut"}}));
  add("BARE", add_oddity("BARE", none));
  add_lost_parts();
}

// Entities whose files are not what their CIDs say, or not to be had.
void ArkeTree::add_lost_parts() {
  auto add = [this](std::string_view word, const json::object& answer) {
    odd_[odd_pi(word)] = {200, text_of(answer)};
    odd_children_.push_back(odd_pi(word));
  };
  json::object lost = add_oddity("L0STPARTS", {{"description.md", "Lost.\n"}});
  lost["components"].as_object()["pinax.json"] = cid_of("never to be had");
  lost["components"].as_object()["page-1.ref.json"] = cid_of("nor this");
  add("L0STPARTS", lost);

  json::object forged = add_oddity("F0RGED", {});
  const std::string cid = cid_of("what it should be");
  contents_[cid] = good_pinax("Forged");
  forged["components"].as_object()["pinax.json"] = cid;
  forged["children_pi"] = {odd_pi("0FF0RGED")};
  add("F0RGED", forged);
  odd_[odd_pi("0FF0RGED")] = {
      200, text_of(add_oddity("0FF0RGED", {{"pinax.json", good_pinax("Child of a forged one")}}))};

  json::object opaque = add_oddity("N0GRAPH", {});
  const std::string text = good_pinax("Of unknown hash");
  contents_[opaque_cid_of(text)] = text;
  contents_[opaque_cid_of("graph")] =
      R"({"entities":{"d":{"type":"date","label":"1923-05"}},"relations":[]})";
  opaque["components"].as_object()["pinax.json"] = opaque_cid_of(text);
  opaque["components"].as_object()["cheimarros.json"] = opaque_cid_of("graph");
  add("N0GRAPH", opaque);
}

}  // namespace gantry::sandbox
