#include "gantry/figma/model/component_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>

#include "gantry/figma/model/component_fields.hpp"
#include "gantry/figma/model/refusal.hpp"

namespace gantry::figma {
namespace {

namespace json = boost::json;

// Keys that are looked for are shorter; of longer ones not all of the text is kept.
constexpr std::size_t kKeptOfKey = 64;

enum class Kind { kObject, kArray, kText, kOther };

Found found_if(bool right) { return right ? Found::kRight : Found::kWrong; }

std::string complaint(Found found, std::string_view kind) {
  return found == Found::kNot ? " is missing" : " is not " + std::string(kind);
}

// Sorts numbers instead of filling a hash table, which would need a node for every component.
void keep_first_of_equal_ids(std::vector<Component>& components) {
  std::vector<std::uint32_t> order(components.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    int compared = components[a].node_id.compare(components[b].node_id);
    return compared != 0 ? compared < 0 : a < b;
  });
  auto same_id = [&](std::uint32_t a, std::uint32_t b) {
    return components[a].node_id == components[b].node_id;
  };
  std::vector<std::uint32_t> repeated;
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (same_id(order[i - 1], order[i])) repeated.push_back(order[i]);
  }
  // No id that is read is empty.
  for (std::uint32_t i : repeated) components[i].node_id.clear();
  std::erase_if(components, [](const Component& component) { return component.node_id.empty(); });
}

// The handler of the parser: follows the path meta.<list>[] and skips everything beside it. A fault
// is thrown only at the end, because text that is not JSON and error answers go before it, and a
// later value of the same key may replace the faulty one.
class ComponentReader {
 public:
  // NOLINTBEGIN(readability-identifier-naming): the parser asks for these names.
  static constexpr std::size_t max_object_size = -1;
  static constexpr std::size_t max_array_size = -1;
  static constexpr std::size_t max_key_size = -1;
  static constexpr std::size_t max_string_size = -1;
  // NOLINTEND(readability-identifier-naming)

  ComponentReader(std::string_view list_key, std::size_t expected) : list_key_(list_key) {
    components_.reserve(expected);
  }
  std::vector<Component> take();

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return open(Kind::kObject); }
  bool on_object_end(std::size_t, json::error_code&) { return close(); }
  bool on_array_begin(json::error_code&) { return open(Kind::kArray); }
  bool on_array_end(std::size_t, json::error_code&) { return close(); }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&);
  bool on_key(json::string_view part, std::size_t, json::error_code&);
  bool on_string_part(json::string_view part, std::size_t, json::error_code&);
  bool on_string(json::string_view part, std::size_t, json::error_code&);
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&);
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return other(); }
  bool on_double(double, json::string_view, json::error_code&) { return other(); }
  bool on_bool(bool, json::error_code&) { return other(); }
  bool on_null(json::error_code&) { return other(); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  // What is open on the path; each lies within the one before it.
  enum class Place { kNothing, kBody, kMeta, kList, kComponent, kFrame, kSet };

  bool open(Kind kind);
  bool close();
  bool other();
  bool value(Kind kind);
  bool value_in_body(Kind kind);
  bool value_in_list(Kind kind);
  bool value_in_frame(Kind kind);
  void forget_list();
  void finish_component();
  std::string list_path() const;
  std::string component_path() const;
  void note_component_fault(std::string fault);
  std::string fault() const;
  std::optional<ApiProblem> problem();
  Field* field_of_key();

  std::string_view list_key_;
  Place place_ = Place::kNothing;
  std::size_t skipped_ = 0;  // containers open beside the path
  std::string key_;          // the latest key on the path
  std::string key_start_;
  Field* field_ = nullptr;  // where the value of that key goes, until the value begins
  std::string text_start_;

  Found body_ = Found::kNot;
  Found meta_ = Found::kNot;
  Found list_ = Found::kNot;
  std::size_t count_ = 0;        // of items in the list so far
  std::string component_fault_;  // the first
  ComponentFields component_;
  SetFields* set_ = nullptr;  // the one that is open
  std::vector<Component> components_;

  int status_ = 0;
  Field error_;
  Field message_;
};

bool ComponentReader::open(Kind kind) {
  if (skipped_ > 0 || !value(kind)) {
    ++skipped_;
  } else {
    place_ = static_cast<Place>(static_cast<int>(place_) + 1);
  }
  return true;
}

bool ComponentReader::close() {
  if (skipped_ > 0) {
    --skipped_;
    return true;
  }
  if (place_ == Place::kComponent) finish_component();
  place_ = static_cast<Place>(static_cast<int>(place_) - 1);
  return true;
}

bool ComponentReader::other() {
  if (skipped_ == 0) value(Kind::kOther);
  return true;
}

// Takes note of a value on the path; true if what is inside of it is on the path too.
bool ComponentReader::value(Kind kind) {
  if (Field* field = std::exchange(field_, nullptr)) {
    field->found = found_if(kind == Kind::kText);
    field->text.clear();
    return false;
  }
  switch (place_) {
    case Place::kNothing:
      body_ = found_if(kind == Kind::kObject);
      return kind == Kind::kObject;
    case Place::kBody:
      return value_in_body(kind);
    case Place::kMeta:
      if (key_ != list_key_) return false;
      forget_list();
      list_ = found_if(kind == Kind::kArray);
      return kind == Kind::kArray;
    case Place::kList:
      return value_in_list(kind);
    case Place::kComponent:
      if (key_ != "containing_frame") return false;
      component_.frame = {};
      return kind == Kind::kObject;
    case Place::kFrame:
      return value_in_frame(kind);
    case Place::kSet:
      return false;
  }
  return false;
}

bool ComponentReader::value_in_body(Kind kind) {
  if (key_ == "status") status_ = 0;
  if (key_ != "meta") return false;
  forget_list();
  meta_ = found_if(kind == Kind::kObject);
  return kind == Kind::kObject;
}

bool ComponentReader::value_in_list(Kind kind) {
  ++count_;
  if (kind != Kind::kObject) {
    note_component_fault(component_path() + " is not an object");
    return false;
  }
  component_ = {};
  return true;
}

bool ComponentReader::value_in_frame(Kind kind) {
  if (key_ == "containingComponentSet") {
    set_ = &component_.frame.component_set;
  } else if (key_ == "containingStateGroup") {
    set_ = &component_.frame.state_group;
  } else {
    return false;
  }
  *set_ = {.is_object = kind == Kind::kObject, .name = {}, .node_id = {}};
  return set_->is_object;
}

Field* ComponentReader::field_of_key() {
  ComponentFields& component = component_;
  switch (place_) {
    case Place::kBody:
      if (key_ == "err") return &error_;
      if (key_ == "message") return &message_;
      return nullptr;
    case Place::kComponent:
      if (key_ == "node_id") return &component.node_id;
      if (key_ == "name") return &component.name;
      if (key_ == "description") return &component.description;
      if (key_ == "updated_at") return &component.updated_at;
      return nullptr;
    case Place::kFrame:
      if (key_ == "name") return &component.frame.name;
      if (key_ == "nodeId") return &component.frame.node_id;
      if (key_ == "pageId") return &component.frame.page_id;
      if (key_ == "pageName") return &component.frame.page_name;
      return nullptr;
    case Place::kSet:
      if (key_ == "name") return &set_->name;
      if (key_ == "nodeId") return &set_->node_id;
      return nullptr;
    default:
      return nullptr;
  }
}

bool ComponentReader::on_key_part(json::string_view part, std::size_t, json::error_code&) {
  if (skipped_ > 0 || key_start_.size() >= kKeptOfKey) return true;
  key_start_.append(part.data(), std::min(part.size(), kKeptOfKey));
  return true;
}

bool ComponentReader::on_key(json::string_view part, std::size_t, json::error_code& fault) {
  if (skipped_ > 0) return true;
  on_key_part(part, 0, fault);
  key_.swap(key_start_);
  key_start_.clear();
  field_ = field_of_key();
  return true;
}

bool ComponentReader::on_string_part(json::string_view part, std::size_t, json::error_code&) {
  if (field_ != nullptr) text_start_.append(part.data(), part.size());
  return true;
}

bool ComponentReader::on_string(json::string_view part, std::size_t, json::error_code&) {
  if (skipped_ > 0) return true;
  Field* field = field_;
  value(Kind::kText);
  if (field == nullptr) return true;
  text_start_.append(part.data(), part.size());
  field->text = std::string(text_start_);  // a copy has no room to spare
  text_start_.clear();
  return true;
}

bool ComponentReader::on_int64(std::int64_t number, json::string_view, json::error_code&) {
  if (skipped_ > 0) return true;
  value(Kind::kOther);
  bool is_status = place_ == Place::kBody && key_ == "status";
  if (is_status && number >= 0 && number < 1000) status_ = static_cast<int>(number);
  return true;
}

void ComponentReader::forget_list() {
  list_ = Found::kNot;
  count_ = 0;
  component_fault_.clear();
  components_.clear();
}

void ComponentReader::finish_component() {
  const Field& id = component_.node_id;
  const Field& name = component_.name;
  if (id.found != Found::kRight) {
    note_component_fault(component_path() + ".node_id" + complaint(id.found, "a string"));
  } else if (id.text.empty()) {
    note_component_fault(component_path() + ".node_id is empty");
  } else if (name.found != Found::kRight) {
    note_component_fault(component_path() + ".name" + complaint(name.found, "a string"));
  } else if (component_fault_.empty()) {
    components_.push_back(component_of(component_));
  }
}

std::string ComponentReader::list_path() const { return "meta." + std::string(list_key_); }

std::string ComponentReader::component_path() const {
  return list_path() + "[" + std::to_string(count_ - 1) + "]";
}

void ComponentReader::note_component_fault(std::string fault) {
  if (component_fault_.empty()) component_fault_ = std::move(fault);
}

std::string ComponentReader::fault() const {
  if (body_ != Found::kRight) return "the body" + complaint(body_, "an object");
  if (meta_ != Found::kRight) return "meta" + complaint(meta_, "an object");
  if (list_ != Found::kRight) return list_path() + complaint(list_, "an array");
  return component_fault_;
}

std::optional<ApiProblem> ComponentReader::problem() {
  for (Field* field : {&error_, &message_}) {
    if (field->found != Found::kRight) continue;
    return ApiProblem{.status = status_, .message = std::move(field->text)};
  }
  return std::nullopt;
}

std::vector<Component> ComponentReader::take() {
  std::string what = fault();
  if (!what.empty()) {
    if (auto answered = problem()) pass_on(*answered);
    refuse_answer(what);
  }
  keep_first_of_equal_ids(components_);
  return std::move(components_);
}

// About how many components there are, so that their vector need not grow; its room is never larger
// than the text.
std::size_t expected_components(std::string_view body) {
  constexpr std::string_view kIdKey = "\"node_id\"";
  std::size_t count = 0;
  const char* end = body.data() + body.size();
  const char* next = body.data();
  while (next != end) {
    const void* hit =
        memmem(next, static_cast<std::size_t>(end - next), kIdKey.data(), kIdKey.size());
    if (hit == nullptr) break;
    ++count;
    next = static_cast<const char*>(hit) + kIdKey.size();
  }
  return std::min(count, body.size() / sizeof(Component));
}

}  // namespace

std::vector<Component> read_components(std::string_view body, std::string_view list) {
  json::parse_options options;
  options.max_depth = kDeepestAnswer;
  json::basic_parser<ComponentReader> parser(options, list, expected_components(body));
  json::error_code fault;
  std::size_t parsed = parser.write_some(false, body.data(), body.size(), fault);
  if (!fault && parsed < body.size()) fault = json::error::extra_data;
  if (fault) refuse_answer("it is not valid JSON (" + fault.message() + ")");
  return parser.handler().take();
}

}  // namespace gantry::figma
