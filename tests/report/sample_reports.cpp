#include "tests/report/sample_reports.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "testing/data.hpp"
#include "testing/files.hpp"

namespace gantry::testing {
namespace {

using jobs::JobResult;
using jobs::KindResult;
using jobs::RunReport;
using std::chrono::milliseconds;

using Drawings = std::vector<std::pair<std::string, std::string>>;  // name, SVG

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string drawn(int number) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"24\" height=\"24\" fill=\"none\" "
      "stroke=\"currentColor\" stroke-width=\"2\"><circle cx=\"12\" cy=\"12\" r=\"{}\"/>"
      "<path d=\"M{} 4v16M4 {}h16\"/></svg>",
      2 + number % 9, 4 + number % 16, 4 + number / 16 % 16);
}

// Real icons where there are any, else simple ones.
Drawings drawings(std::string_view set, std::size_t at_most) {
  Drawings all;
  if (shared_data()) {
    if (!std::filesystem::exists("unpacked")) {
      std::filesystem::create_directory("unpacked");
      unpack_xz(*shared_data() / "icons/svg-icons.tar.xz", "unpacked");
    }
    for (const auto& entry : std::filesystem::directory_iterator(fmt::format("unpacked/{}", set))) {
      if (entry.path().extension() != ".svg") continue;
      all.emplace_back(entry.path().stem().string(), read_text(entry.path()));
    }
    std::sort(all.begin(), all.end());
  } else {
    all.emplace_back("arrow-left", drawn(0));
    for (int i = 1; i < 1300; ++i) all.emplace_back(fmt::format("icon-{}", i), drawn(i));
  }
  if (all.size() > at_most) all.resize(at_most);
  return all;
}

// Publishes the drawings: every 97th has changed, every 131st is new.
KindResult published(std::string kind, const std::string& folder, const Drawings& all) {
  KindResult result{.kind = std::move(kind), .exported = all.size()};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [name, svg] = all[i];
    const std::string path = fmt::format("{}/{}.svg", folder, name);
    write_text(path, svg);
    result.pictures.push_back({.name = name, .path = path});
    if (i % 131 == 7) {
      result.changes.added.push_back(path);
    } else if (i % 97 == 5) {
      result.changes.changed.push_back(path);
      result.before[path] = replaced(replaced(svg, "stroke-width=\"2\"", "stroke-width=\"1\""),
                                     "fill=\"#", "opacity=\".5\" fill=\"#");
    } else {
      result.changes.unchanged.push_back(path);
    }
  }
  return result;
}

KindResult web_icons() {
  Drawings icons = drawings("lucide", 1604);
  KindResult result = published("icons", "web/src/icons", icons);
  for (const auto& [name, svg] : drawings("lucide", 4)) {
    const std::string path = fmt::format("web/src/icons/{}-old.svg", name);
    result.changes.removed.push_back(path);
    result.before[path] = svg;
  }
  result.changes.changed.push_back("web/src/icons/index.ts");
  result.changes.kept = {{"web/src/icons/mine.svg", "its bytes were changed after the export"}};
  return result;
}

// Light and dark drawings of their own.
KindResult themed_icons() {
  KindResult result{.kind = "icons"};
  Drawings icons = drawings("lucide", 240);
  icons.emplace_back("moon-has-dark", drawn(5));
  for (const auto& [name, svg] : icons) {
    const std::string path = fmt::format("themed/{}.svg", name);
    const std::string dark = fmt::format("themed/{}-dark.svg", name);
    write_text(path, replaced(svg, "currentColor", "#4338ca"));
    write_text(dark, replaced(svg, "currentColor", "#a5b4fc"));
    result.pictures.push_back({name, path, dark});
    for (const std::string& file : {path, dark}) result.changes.unchanged.push_back(file);
  }
  result.exported = icons.size();
  return result;
}

JobResult job(std::string name, std::vector<KindResult> kinds, std::int64_t begin,
              std::int64_t end) {
  JobResult result{.name = name, .path = "configs/" + name, .kinds = std::move(kinds)};
  const std::int64_t part = (end - begin) / 10;
  auto span = [&](std::int64_t from, std::int64_t to) {
    return jobs::Span{milliseconds(begin + from * part), milliseconds(begin + to * part)};
  };
  result.phases = {{"listing", span(0, 2)},
                   {"waiting", span(2, 4)},
                   {"downloading", span(4, 9)},
                   {"writing", span(9, 10)}};
  result.duration = milliseconds(end - begin);
  result.costs = {.calls_paid = 18,
                  .calls_shared = 3,
                  .retries = 1,
                  .downloads = 1600,
                  .bytes = 1'240'000,
                  .cache_hits = 120};
  return result;
}

JobResult failed_job() {
  KindResult icons{.kind = "icons"};
  icons.failures = {
      {"ic/24/arrow-left", "YfHPTyArBQBSpLmaPlZyUk",
       Error(ErrorCode::kServer, "no drawing came after 4 attempts").with_status(503)},
      {"ic/24/bell", "YfHPTyArBQBSpLmaPlZyUk",
       Error(ErrorCode::kBadResponse, "not an SVG: line 3: <image> without an address")}};
  return job("android.yaml", {icons}, 900, 30'400);
}

RunReport report_of(std::vector<JobResult> results, milliseconds duration) {
  RunReport report;
  report.version = "0.1.0";
  report.started = async::WallTime(std::chrono::seconds(1'779'876'060));
  report.duration = duration;
  report.jobs = std::move(results);
  return report;
}

}  // namespace

RunReport sample_report() {
  JobResult tokens =
      job("tokens.yaml", {{.kind = "icons", .exported = 0, .skipped = true}}, 0, 900);
  RunReport report = report_of(
      {job("web.yaml", {web_icons()}, 0, 52'000),
       job("marketing.yaml", {published("images", "marketing/flags", drawings("flags", 271))}, 400,
           41'000),
       job("themed.yaml", {themed_icons()}, 700, 47'500), failed_job(), std::move(tokens)},
      milliseconds(52'300));
  report.api_calls = 64;
  report.retries = 3;
  report.downloads = 1975;
  report.bytes = 2'412'000;
  report.waits = {{{milliseconds(9'000), milliseconds(16'200)}, false},
                  {{milliseconds(24'000), milliseconds(28'500)}, true}};
  return report;
}

RunReport hostile_report() {
  constexpr std::string_view kScript = "</script><script>hacked=1;alert(1)</script>";
  constexpr std::string_view kImage = "\"><img src=x onerror=hacked=1>";
  KindResult icons{.kind = std::string(kImage)};
  auto add = [&](std::string name, const std::string& file, std::string_view bytes) {
    const std::string path = "hostile/" + file;
    write_text(path, bytes);
    icons.pictures.push_back({std::move(name), path, path});
    icons.changes.added.push_back(path);
  };
  add("<b>script</b>", "script.svg",
      "<svg xmlns='http://www.w3.org/2000/svg' onload='parent.hacked=1;alert(1)' viewBox='0 0 9 9'>"
      "<script>parent.hacked=1;alert(1)</script><style>rect{fill:red}</style>"
      "<image href='http://127.0.0.1:9/a.png' width='9' height='9'/>"
      "<foreignObject width='9' height='9'><body xmlns='http://www.w3.org/1999/xhtml'>"
      "<img src='http://127.0.0.1:9/b.png' onerror='parent.hacked=1'/></body></foreignObject>"
      "<rect width='9' height='9' stroke='currentColor'/></svg>");
  add("broken png", "broken.png", std::string_view("\x89PNG\0<script>", 13));
  add("broken svg", "broken.svg", "<svg currentColor </script>");
  add("\xff\xfe control \x01\x1b[31m \xe2\x80\xae gnp.exe", "control.svg", drawn(1));
  add(std::string(3000, 'W'), "long.svg", drawn(2));
  add("__proto__", "proto.svg", drawn(3));
  icons.changes.changed = {std::string(kScript), "\xe2\x80\xa8", "__proto__"};
  icons.changes.kept = {{std::string(kImage), std::string(kScript)}};
  for (int i = 0; i < 1000; ++i) {
    add(fmt::format("{} {}", kScript, i), fmt::format("{}.svg", i), drawn(i));
  }
  icons.failures = {{std::string(kScript), std::string(kImage),
                     Error(ErrorCode::kServer, std::string(kImage) + std::string(10'240, 'e'))},
                    {std::string(2000, 'c'), "", Error(ErrorCode::kUnsafe, "<!--<script>")}};
  JobResult first = job(std::string(kScript), {icons}, 0, 10);
  first.phases.emplace_back(kImage, jobs::Span{milliseconds(3), milliseconds(2)});
  JobResult second = job(std::string(kImage), {}, 0, 0);
  second.error = Error(ErrorCode::kInternal, std::string(kScript));
  RunReport report = report_of({first, second}, milliseconds(10));
  report.interrupted = kImage;
  report.version = kScript;
  report.waits = {{{milliseconds(-5), milliseconds(100)}, true}};
  return report;
}

}  // namespace gantry::testing
