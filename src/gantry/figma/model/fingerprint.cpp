#include "gantry/figma/model/fingerprint.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "gantry/base/error.hpp"

namespace gantry::figma {
namespace {

namespace json = boost::json;

// Deeper documents are not a design.
constexpr std::size_t kDeepest = 512;
// Coordinates of the page are sums of floats: a component that is moved comes back with other last
// digits.
constexpr double kPixelParts = 1000;

struct Origin {
  double x = 0;
  double y = 0;
};

double number_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

Origin origin_of(const json::object& document) {
  const json::value* box = document.if_contains("absoluteBoundingBox");
  if (box == nullptr || !box->is_object()) return {};
  return {number_at(box->as_object(), "x"), number_at(box->as_object(), "y")};
}

bool is_box(std::string_view key) {
  return key == "absoluteBoundingBox" || key == "absoluteRenderBounds";
}

// Writes a document in one form, whatever the order of its keys, relative to its own place.
class Canonical {
 public:
  explicit Canonical(Origin origin) : origin_(origin) {}

  Digest of(const json::object& document) {
    add_object(document, true);
    hash_.update(text_);
    return hash_.finish();
  }

 private:
  void add(const json::value& value) {
    switch (value.kind()) {
      case json::kind::object:
        return add_object(value.get_object(), false);
      case json::kind::array:
        text_ += '[';
        for (const json::value& item : value.get_array()) add(item);
        text_ += ']';
        break;
      case json::kind::string:
        add_text(value.get_string());
        break;
      case json::kind::null:
        text_ += '~';
        break;
      case json::kind::bool_:
        text_ += value.get_bool() ? '+' : '-';
        break;
      default:
        text_ += fmt::format("{};", value.to_number<double>());
    }
    if (text_.size() > kPiece) flush();
  }

  void add_object(const json::object& object, bool is_root) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(object.size());
    for (const auto& member : object) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key() < b->key(); });
    text_ += '{';
    for (const auto* member : members) {
      add_text(member->key());
      if (is_box(member->key()) && member->value().is_object()) {
        add_box(member->value().get_object());
      } else if (is_root && member->key() == "relativeTransform" && member->value().is_array()) {
        add_turn(member->value().get_array());
      } else {
        add(member->value());
      }
    }
    text_ += '}';
  }

  void add_box(const json::object& box) {
    for (double part : {number_at(box, "x") - origin_.x, number_at(box, "y") - origin_.y,
                        number_at(box, "width"), number_at(box, "height")}) {
      text_ += fmt::format("{};", std::llround(std::clamp(part, -1e12, 1e12) * kPixelParts));
    }
  }

  // The two rows of a transformation without the shift in their last columns.
  void add_turn(const json::array& rows) {
    for (const json::value& row : rows) {
      if (!row.is_array()) continue;
      for (std::size_t i = 0; i + 1 < row.get_array().size(); ++i) add(row.get_array()[i]);
    }
  }

  void add_text(std::string_view text) { text_ += fmt::format("{}:{}", text.size(), text); }

  void flush() {
    hash_.update(text_);
    text_.clear();
  }

  static constexpr std::size_t kPiece = 64 << 10;

  Origin origin_;
  std::string text_;
  Sha256 hash_;
};

std::optional<Digest> fingerprint_of(const json::value& node) {
  if (node.is_null()) return std::nullopt;
  const json::object& document = node.as_object().at("document").as_object();
  return Canonical(origin_of(document)).of(document);
}

}  // namespace

Fingerprints parse_fingerprints(std::string_view body) {
  json::parse_options options;
  options.max_depth = kDeepest;
  Fingerprints fingerprints;
  try {
    json::value answer = json::parse(body, {}, options);
    for (const auto& [id, node] : answer.as_object().at("nodes").as_object()) {
      fingerprints.emplace(id, fingerprint_of(node));
    }
  } catch (const std::exception& failure) {
    throw Error(ErrorCode::kBadResponse,
                fmt::format("not an answer about nodes: {}", failure.what()));
  }
  return fingerprints;
}

}  // namespace gantry::figma
