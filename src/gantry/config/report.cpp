#include "gantry/config/report.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace gantry::config {
namespace {

constexpr std::size_t kLongestShown = 64;
constexpr std::size_t kMostFaultsShown = 100;

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

auto order(const Warning& entry) {
  return std::tie(entry.position.line, entry.position.column, entry.message);
}

void sort_by_position(std::vector<Warning>& entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const Warning& left, const Warning& right) {
    return order(left) < order(right);
  });
  auto same = [](const Warning& left, const Warning& right) { return order(left) == order(right); };
  entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
}

}  // namespace

void Report::fault(SourcePosition position, std::string message) {
  faults_.push_back({std::move(position), std::move(message)});
}

void Report::warn(SourcePosition position, std::string message) {
  warnings_.push_back({std::move(position), std::move(message)});
}

void Report::note(const std::string& path, const SourcePosition& position) {
  bool is_setting =
      path.starts_with("gantry.") || path.starts_with("common.cache.") || path == "figma.timeout";
  if (is_setting) positions_.emplace(path, position);
}

void Report::throw_faults() {
  if (faults_.empty()) return;
  sort_by_position(faults_);
  std::string message = faults_.front().message;
  std::size_t shown_count = std::min(faults_.size(), kMostFaultsShown);
  for (std::size_t index = 1; index < shown_count; ++index) {
    message += "\n" + faults_[index].to_string();
  }
  if (faults_.size() > shown_count) {
    message += fmt::format("\nand {} more faults", faults_.size() - shown_count);
  }
  throw Error(ErrorCode::kInvalidConfig, message).at(faults_.front().position);
}

std::vector<Warning> Report::take_faults() {
  sort_by_position(faults_);
  return std::move(faults_);
}

std::vector<Warning> Report::take_warnings() {
  sort_by_position(warnings_);
  return std::move(warnings_);
}

std::string shown(std::string_view text) {
  std::string result;
  for (char character : text) {
    auto byte = static_cast<unsigned char>(character);
    // Cut before a code point, never within one.
    if (result.size() >= kLongestShown && (byte & 0xC0) != 0x80) return result + "...";
    if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += character;
    }
  }
  return result;
}

std::string suggestion(std::string_view text, const std::vector<std::string_view>& words) {
  std::string_view nearest;
  std::size_t least = SIZE_MAX;
  for (std::string_view word : words) {
    std::size_t longer = std::max(text.size(), word.size());
    std::size_t difference = longer - std::min(text.size(), word.size());
    std::size_t tolerated = std::max<std::size_t>(2, longer * 2 / 5);
    if (difference > tolerated) continue;
    std::size_t distance = edit_distance(text, word);
    if (distance > tolerated || distance >= longer || distance >= least) continue;
    least = distance;
    nearest = word;
  }
  return nearest.empty() ? "" : fmt::format(", did you mean '{}'", nearest);
}

}  // namespace gantry::config
