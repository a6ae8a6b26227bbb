#include "gantry/figma/model/item_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>

#include "gantry/base/error.hpp"
#include "gantry/figma/model/item_builder.hpp"
#include "gantry/figma/model/refusal.hpp"

namespace gantry::figma {
namespace {

namespace json = boost::json;

// What is known of a value that must be there and of one kind.
enum class Seen { kNot, kWrong, kRight };

Seen seen_if(bool right) { return right ? Seen::kRight : Seen::kWrong; }

void require(Seen found, const std::string& path, std::string_view kind) {
  if (found == Seen::kNot) refuse_answer(path + " is missing");
  if (found == Seen::kWrong) refuse_answer(path + " is not " + std::string(kind));
}

// The handler of the parser: follows the path to the lists and skips everything beside it. A fault
// is thrown only at the end, because text that is not JSON and error answers go before it.
class ItemReader {
 public:
  // NOLINTBEGIN(readability-identifier-naming): the parser asks for these names.
  static constexpr std::size_t max_object_size = -1;
  static constexpr std::size_t max_array_size = -1;
  static constexpr std::size_t max_key_size = -1;
  static constexpr std::size_t max_string_size = -1;
  // NOLINTEND(readability-identifier-naming)

  ItemReader(std::string_view parent, std::span<const Listing> lists)
      : parent_key_(parent), lists_(lists), progress_(lists.size()) {}
  // Throws what was wrong, if anything.
  void finish();

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return open(ItemBuilder::Kind::kObject); }
  bool on_object_end(std::size_t, json::error_code&) { return close(); }
  bool on_array_begin(json::error_code&) { return open(ItemBuilder::Kind::kArray); }
  bool on_array_end(std::size_t, json::error_code&) { return close(); }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&);
  bool on_key(json::string_view part, std::size_t, json::error_code&);
  bool on_string_part(json::string_view part, std::size_t, json::error_code&);
  bool on_string(json::string_view part, std::size_t, json::error_code&);
  bool on_number_part(json::string_view part, json::error_code&);
  bool on_int64(std::int64_t number, json::string_view, json::error_code&);
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&);
  bool on_double(double number, json::string_view part, json::error_code&);
  bool on_bool(bool value, json::error_code&) { return scalar(json::value(value)); }
  bool on_null(json::error_code&) { return scalar(json::value(nullptr)); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  // What is open on the path; each lies within the one before it, the list in the body where there
  // is no parent.
  enum class Place { kNothing, kBody, kParent, kList, kItem };

  struct Progress {
    Seen found = Seen::kNot;
    std::size_t count = 0;       // of items so far
    std::optional<Error> fault;  // of the first that has one
  };

  bool open(ItemBuilder::Kind kind);
  bool enters(ItemBuilder::Kind kind);  // a container that is on the path or wanted of an item
  bool close();
  bool scalar(const json::value& value);
  bool value(const json::value& value);
  bool value_in_body(const json::value& value);
  bool value_in_lists_place(const json::value& value);
  bool value_in_list(const json::value& value);
  void forget(std::size_t list);
  void take(const std::optional<json::value>& item);
  std::string list_path(std::size_t list) const;
  std::string item_path() const;
  bool is_error_text() const;
  std::optional<ApiProblem> problem() const;

  std::string_view parent_key_;
  std::span<const Listing> lists_;
  std::vector<Progress> progress_;
  std::size_t list_ = 0;  // the one that is open
  ItemBuilder item_;
  Place place_ = Place::kNothing;
  std::size_t skipped_ = 0;  // containers open beside the path
  std::string key_;          // the latest key on the path
  std::string key_start_;
  std::string number_start_;
  std::string text_start_;

  Seen body_ = Seen::kNot;
  Seen parent_ = Seen::kNot;
  int status_ = 0;
  std::optional<std::string> error_;
  std::optional<std::string> message_;
};

bool ItemReader::open(ItemBuilder::Kind kind) {
  if (skipped_ > 0 || !enters(kind)) ++skipped_;
  return true;
}

bool ItemReader::enters(ItemBuilder::Kind kind) {
  if (place_ == Place::kItem) return item_.open(kind);
  json::value empty(json::array_kind);
  if (kind == ItemBuilder::Kind::kObject) empty.emplace_object();
  if (!value(empty)) return false;
  bool has_parent = !parent_key_.empty();
  place_ = place_ == Place::kBody && !has_parent ? Place::kList
                                                 : static_cast<Place>(static_cast<int>(place_) + 1);
  return true;
}

bool ItemReader::close() {
  if (skipped_ > 0) {
    --skipped_;
  } else if (place_ == Place::kItem) {
    if (!item_.close()) return true;
    place_ = Place::kList;
    take(item_.is_too_large() ? std::nullopt : std::optional(item_.value()));
  } else if (place_ == Place::kList && parent_key_.empty()) {
    place_ = Place::kBody;
  } else {
    place_ = static_cast<Place>(static_cast<int>(place_) - 1);
  }
  return true;
}

bool ItemReader::scalar(const json::value& value) {
  number_start_.clear();
  if (skipped_ > 0) return true;
  if (place_ == Place::kItem) {
    item_.scalar(value);
  } else {
    this->value(value);
  }
  return true;
}

// Takes note of a value on the path, of a container or a text only the kind; true if what is inside
// of it is on the path too.
bool ItemReader::value(const json::value& value) {
  switch (place_) {
    case Place::kNothing:
      body_ = seen_if(value.is_object());
      return value.is_object();
    case Place::kBody:
      return value_in_body(value);
    case Place::kParent:
      return value_in_lists_place(value);
    case Place::kList:
      return value_in_list(value);
    case Place::kItem:
      break;
  }
  return false;
}

bool ItemReader::value_in_body(const json::value& value) {
  if (key_ == "status") status_ = 0;
  if (key_ == "err") error_.reset();
  if (key_ == "message") message_.reset();
  if (parent_key_.empty()) return value_in_lists_place(value);
  if (key_ != parent_key_) return false;
  for (std::size_t i = 0; i < lists_.size(); ++i) forget(i);
  parent_ = seen_if(value.is_object());
  return value.is_object();
}

bool ItemReader::value_in_lists_place(const json::value& value) {
  auto found = std::ranges::find(lists_, key_, &Listing::key);
  if (found == lists_.end()) return false;
  list_ = static_cast<std::size_t>(found - lists_.begin());
  forget(list_);
  bool is_right = found->kind == Listing::Kind::kArray ? value.is_array() : value.is_object();
  progress_[list_].found = seen_if(is_right);
  return is_right;
}

bool ItemReader::value_in_list(const json::value& value) {
  ++progress_[list_].count;
  if (progress_[list_].fault) return false;
  if (value.is_object()) {
    item_.begin(lists_[list_].wanted);
    return true;
  }
  take(value);
  return false;
}

void ItemReader::forget(std::size_t list) {
  if (progress_[list].count > 0) lists_[list].restart();
  progress_[list] = {};
}

// Nothing: an item that was too large.
void ItemReader::take(const std::optional<json::value>& item) {
  std::string path = item_path();
  std::string_view key;
  if (lists_[list_].kind == Listing::Kind::kObject) key = key_;
  try {
    if (!item) refuse_answer(path + " is too large");
    lists_[list_].take(JsonNode(*item, path), key);
  } catch (const Error& error) {
    progress_[list_].fault = error;
  }
}

bool ItemReader::on_key_part(json::string_view part, std::size_t, json::error_code&) {
  if (skipped_ > 0) return true;
  if (place_ == Place::kItem) {
    item_.key_part(part);
  } else {
    key_start_.append(part.data(), part.size());
  }
  return true;
}

bool ItemReader::on_key(json::string_view part, std::size_t, json::error_code&) {
  if (skipped_ > 0) return true;
  if (place_ == Place::kItem) {
    item_.key(part);
    return true;
  }
  key_start_.append(part.data(), part.size());
  key_.swap(key_start_);
  key_start_.clear();
  return true;
}

bool ItemReader::is_error_text() const {
  return place_ == Place::kBody && (key_ == "err" || key_ == "message");
}

bool ItemReader::on_string_part(json::string_view part, std::size_t, json::error_code&) {
  if (skipped_ > 0) return true;
  if (place_ == Place::kItem) {
    item_.text_part(part);
  } else if (is_error_text()) {
    text_start_.append(part.data(), part.size());
  }
  return true;
}

bool ItemReader::on_string(json::string_view part, std::size_t, json::error_code&) {
  if (skipped_ > 0) return true;
  if (place_ == Place::kItem) {
    item_.text(part);
    return true;
  }
  value(json::value(json::string_kind));
  if (!is_error_text()) return true;
  text_start_.append(part.data(), part.size());
  (key_ == "err" ? error_ : message_) = std::exchange(text_start_, {});
  return true;
}

bool ItemReader::on_number_part(json::string_view part, json::error_code&) {
  if (skipped_ == 0 && place_ == Place::kItem) number_start_.append(part.data(), part.size());
  return true;
}

bool ItemReader::on_int64(std::int64_t number, json::string_view, json::error_code&) {
  scalar(json::value(number));
  bool is_status = skipped_ == 0 && place_ == Place::kBody && key_ == "status";
  if (is_status && number >= 0 && number < 1000) status_ = static_cast<int>(number);
  return true;
}

bool ItemReader::on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
  return scalar(json::value(number));
}

// The parser's own number may differ in the last bit from what was written.
bool ItemReader::on_double(double number, json::string_view part, json::error_code&) {
  if (skipped_ > 0 || place_ != Place::kItem) return scalar(json::value(number));
  number_start_.append(part.data(), part.size());
  std::from_chars(number_start_.data(), number_start_.data() + number_start_.size(), number);
  return scalar(json::value(number));
}

std::string ItemReader::list_path(std::size_t list) const {
  std::string path(parent_key_);
  if (!path.empty()) path += ".";
  return path.append(lists_[list].key);
}

std::string ItemReader::item_path() const {
  if (lists_[list_].kind == Listing::Kind::kObject) return list_path(list_) + "." + key_;
  return list_path(list_) + "[" + std::to_string(progress_[list_].count - 1) + "]";
}

std::optional<ApiProblem> ItemReader::problem() const {
  const auto& text = error_ ? error_ : message_;
  if (!text) return std::nullopt;
  return ApiProblem{.status = status_, .message = *text};
}

void ItemReader::finish() {
  try {
    require(body_, "the body", "an object");
    if (!parent_key_.empty()) require(parent_, std::string(parent_key_), "an object");
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      bool is_array = lists_[i].kind == Listing::Kind::kArray;
      require(progress_[i].found, list_path(i), is_array ? "an array" : "an object");
      if (progress_[i].fault) throw *progress_[i].fault;
    }
  } catch (const Error&) {
    if (auto answered = problem()) pass_on(*answered);
    throw;
  }
}

}  // namespace

void read_items(std::string_view body, std::string_view parent, std::span<const Listing> lists) {
  json::parse_options options;
  options.max_depth = kDeepestAnswer;
  json::basic_parser<ItemReader> parser(options, parent, lists);
  json::error_code fault;
  std::size_t parsed = parser.write_some(false, body.data(), body.size(), fault);
  if (!fault && parsed < body.size()) fault = json::error::extra_data;
  if (fault) refuse_answer("it is not valid JSON (" + fault.message() + ")");
  parser.handler().finish();
}

}  // namespace gantry::figma
