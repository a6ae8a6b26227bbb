#include "gantry/cli/summary.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "gantry/cli/display_text.hpp"

namespace gantry::cli {
namespace {

std::string seconds(std::chrono::milliseconds duration) {
  return fmt::format("{:.1f} s", static_cast<double>(duration.count()) / 1000);
}

// 12345 as "12,345".
std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string counted(std::size_t number, const std::string& plural) {
  if (number != 1 || !plural.ends_with('s')) return grouped(number) + " " + plural;
  return "1 " + plural.substr(0, plural.size() - 1);
}

std::string changes_text(const output::ChangeSet& changes) {
  std::string text;
  auto add = [&text](std::size_t count, const char* what) {
    if (count == 0) return;
    if (!text.empty()) text += ", ";
    text += grouped(count) + " " + what;
  };
  add(changes.added.size(), "added");
  add(changes.changed.size(), "changed");
  add(changes.removed.size(), "removed");
  add(changes.unchanged.size(), "unchanged");
  return text.empty() ? "no files" : "files: " + text;
}

}  // namespace

std::string job_line(const jobs::JobResult& result) {
  std::string name = printable(result.name);
  if (!result.succeeded()) {
    std::size_t failures = result.failures() + (result.error ? 1 : 0);
    std::string reason = result.error ? result.error->message()
                                      : result.kinds.back().failures.front().error.message();
    std::string line = printable(reason.substr(0, reason.find('\n')));
    if (failures > 1) line += fmt::format(" (and {} more)", grouped(failures - 1));
    return fmt::format("✗ {}: {}", name, line);
  }
  std::string text = fmt::format("✓ {}", name);
  const char* before = " - ";
  for (const jobs::KindResult& kind : result.kinds) {
    text += fmt::format("{}{} ({})", before, counted(kind.exported, kind.kind),
                        kind.skipped ? "up to date" : changes_text(kind.changes));
    before = ", ";
  }
  return text;
}

std::string batch_summary(const std::vector<jobs::JobResult>& results,
                          std::chrono::milliseconds duration) {
  auto succeeded = static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(),
                    [](const jobs::JobResult& result) { return result.succeeded(); }));
  std::string text = fmt::format("Batch complete: {} succeeded, {} failed, in {}\n", succeeded,
                                 results.size() - succeeded, seconds(duration));
  for (const jobs::JobResult& result : results) text += job_line(result) + "\n";
  return text;
}

std::vector<std::string> failure_lines(const jobs::JobResult& result) {
  std::vector<std::string> lines;
  for (const jobs::KindResult& kind : result.kinds) {
    for (const jobs::Failure& failure : kind.failures) lines.push_back(failure.error.message());
  }
  if (result.error) lines.push_back(result.error->message());
  return lines;
}

std::string plan_text(const std::vector<jobs::JobResult>& results) {
  std::string text;
  std::size_t added = 0;
  std::size_t changed = 0;
  std::size_t removed = 0;
  std::size_t unchanged = 0;
  for (const jobs::JobResult& result : results) {
    for (const jobs::KindResult& kind : result.kinds) {
      const output::ChangeSet& changes = kind.changes;
      for (const std::string& path : changes.added) text += "+ " + path + "\n";
      for (const std::string& path : changes.changed) text += "~ " + path + "\n";
      for (const std::string& path : changes.removed) text += "- " + path + "\n";
      added += changes.added.size();
      changed += changes.changed.size();
      removed += changes.removed.size();
      unchanged += changes.unchanged.size();
    }
  }
  return printable(text) +
         fmt::format("Plan: {} to add, {} to change, {} to remove, {} unchanged\n", grouped(added),
                     grouped(changed), grouped(removed), grouped(unchanged));
}

}  // namespace gantry::cli
