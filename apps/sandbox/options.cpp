#include "apps/sandbox/options.hpp"

#include <map>
#include <vector>

#include <CLI/CLI.hpp>

namespace gantry::sandbox {
namespace {

using Values = std::vector<std::string>;

// "150" or "150:50".
std::pair<int, int> pair_of(const std::string& text, int second) {
  const auto colon = text.find(':');
  std::pair<int, int> pair{0, second};
  const bool is_good =
      CLI::detail::lexical_cast(text.substr(0, colon), pair.first) && pair.first >= 0 &&
      (colon == std::string::npos ||
       (CLI::detail::lexical_cast(text.substr(colon + 1), pair.second) && pair.second >= 0));
  if (!is_good) throw CLI::ValidationError(text, "is not a number or two with ':' between them");
  return pair;
}

void add_latency(CLI::App& app, const std::string& name, Latency& latency,
                 const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [&latency](const std::string& text) {
           const auto [base, spread] = pair_of(text, 0);
           latency = {std::chrono::milliseconds(base), std::chrono::milliseconds(spread)};
         },
         help)
      ->type_name("MS[:SPREAD]");
}

template <class Duration>
CLI::Option* add_duration(CLI::App& app, const std::string& name, Duration& duration,
                          const std::string& help) {
  return app
      .add_option_function<std::int64_t>(
          name, [&duration](const std::int64_t& count) { duration = Duration(count); }, help)
      ->check(CLI::NonNegativeNumber);
}

void add_server_options(CLI::App& app, Options& options) {
  app.add_option("--port", options.port, "port to listen on; 0: any that is free");
  app.add_option("--port-file", options.port_file, "file to write the port to");
  app.add_option("--threads", options.threads, "io threads")->check(CLI::Range(1, 64));
  add_duration(app, "--max-seconds", options.max_run, "end by itself after so long [3600]");
  app.add_option("--cdn-host", options.cdn_host, "host of image addresses")->capture_default_str();
  add_duration(app, "--url-lifetime", options.url_lifetime,
               "seconds until an image address answers 403 [30 days]");
  app.add_option("--log-requests", options.request_log, "file for a JSON line per API request");
}

void add_design_options(CLI::App& app, DesignOptions& design) {
  app.add_option("--icons", design.icons, "components of each generated file")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  app.add_option("--files", design.files,
                 "generated files sandbox-1 to sandbox-N beside the others")
      ->check(CLI::Range(0, 10'000));
  app.add_option("--design-version", design.version, "version of all files")->capture_default_str();
  app.add_option("--change-icons", design.changed_icons, "draw the first K icons anew")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--colors", design.tokens.colors, "colours of each generated file")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  app.add_option("--change-colors", design.tokens.changed, "give the first K colours other values")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--text-styles", design.tokens.text_styles, "text styles of each generated file")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  app.add_option("--components", design.components,
                 "recorded answer of /components, .json or .json.xz, served as a file")
      ->check(CLI::ExistingFile);
  app.add_option("--icons-from,--icons-dir", design.icons_from,
                 "folder of .svg files to serve as the icons")
      ->check(CLI::ExistingDirectory);
  app.add_flag("--hostile", design.hostile, "add the file sandbox-hostile");
  app.add_option("--hostile-nesting-mb", design.hostile_nesting_mb, "size of its nested SVG")
      ->check(CLI::Range(0, 1024));
}

void add_arke_options(CLI::App& app, ArkeOptions& arke) {
  app.add_option("--arke-entities", arke.entities, "entities of the archive")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  app.add_option("--arke-fanout", arke.fanout, "children of each entity")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--arke-pages", arke.pages, "pages of each entity")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  app.add_option("--arke-page-bytes", arke.page_bytes, "of the text of a page")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str();
  app.add_flag("--arke-oddities", arke.oddities,
               "give the root children of every kind that an export must survive");
}

void add_fly_options(CLI::App& app, FlyOptions& fly) {
  app.add_option("--fly-program", fly.program, "gantry, which every machine of Fly runs as worker")
      ->check(CLI::ExistingFile);
  app.add_option("--fly-rate", fly.rate, "creations of machines a second, and lists of them")
      ->check(CLI::Range(0.1, 10'000.0))
      ->capture_default_str();
  app.add_option("--fly-burst", fly.burst, "of them at once")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--fly-lose-every", fly.lose_every, "the answer to every Nth creation is lost");
  app.add_option("--fly-kill-every", fly.kill_every, "every Nth machine dies when it has started");
  app.add_option("--fly-transcript", fly.transcript, "file for a JSON line per call, with bodies");
}

void add_once_option(CLI::App& app, const std::string& name, std::map<std::uint64_t, int>& once,
                     const std::string& help) {
  app.add_option_function<Values>(
         name,
         [&once](const Values& values) {
           for (const auto& text : values) {
             const auto [call, seconds] = pair_of(text, 1);
             once[static_cast<std::uint64_t>(call)] = seconds;
           }
         },
         help)
      ->type_name("N:SECONDS");
}

void add_github_options(CLI::App& app, GitHubOptions& github) {
  app.add_option("--github-components", github.components, "components of each registry")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--github-change", github.changed, "give the first K other sources")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--github-tree-limit", github.tree_limit,
                 "entries of a recursive tree, beyond which it is truncated")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--github-quota", github.quota, "calls with a token until the reset")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--github-reset", github.reset, "seconds until the quota is full again")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_once_option(app, "--github-secondary-once", github.secondary_once,
                  "the Nth call of GitHub answers 403 with this Retry-After");
  add_once_option(app, "--github-raw-once", github.raw_once,
                  "the Nth raw file answers 429 with this Retry-After");
}

void add_api_options(CLI::App& app, Options& options) {
  const std::map<std::string, MetaForm> forms = {{"flat", MetaForm::kFlat},
                                                 {"wrapped", MetaForm::kWrapped},
                                                 {"forbidden", MetaForm::kForbidden}};
  app.add_option("--meta", options.api.meta, "form of /meta: flat, wrapped or forbidden")
      ->transform(CLI::CheckedTransformer(forms))
      ->option_text("FORM");
  const std::map<std::string, bool> answers = {{"local", false}, {"forbidden", true}};
  app.add_option("--variables", options.api.forbid_variables,
                 "answer of variables/local: local or forbidden")
      ->transform(CLI::CheckedTransformer(answers))
      ->option_text("FORM");
  app.add_option("--max-ids", options.api.max_ids, "more ids in a call answer 413")
      ->capture_default_str();
  app.add_option("--render-timeout-above", options.api.render_timeout_above,
                 "more ids in an image call answer 400");
  app.add_option("--null-every", options.api.null_every, "every Nth component does not render");
  app.add_option("--unauthorized-after", options.unauthorized_after, "calls after N answer 401");
  app.add_option("--valid-token-until", options.token_valid_until, "calls after N answer 403");
  add_latency(app, "--api-latency", options.api_latency, "delay of every API answer");
  add_latency(app, "--cdn-latency", options.cdn_latency, "delay of every image");
  add_duration(app, "--render-delay", options.render_delay, "more delay of image calls, in ms");
}

void add_limit_options(CLI::App& app, LimitOptions& limits) {
  for (std::size_t tier = 0; tier < limits.per_tier.size(); ++tier) {
    app.add_option("--tier" + std::to_string(tier + 1), limits.per_tier.at(tier),
                   "calls of this tier in a window; 0: no limit")
        ->check(CLI::NonNegativeNumber);
  }
  add_duration(app, "--window", limits.window, "seconds of a window [60]")
      ->check(CLI::PositiveNumber);
  app.add_option_function<int>(
         "--retry-after", [&limits](const int& seconds) { limits.retry_after = seconds; },
         "seconds to tell with 429, whatever the window says")
      ->check(CLI::NonNegativeNumber);
  add_once_option(app, "--limit-once", limits.once,
                  "the Nth API call answers 429 with this Retry-After");
  app.add_option("--plan-tier", limits.plan_tier, "of X-Figma-Plan-Tier")->capture_default_str();
  app.add_option("--rate-limit-type", limits.rate_limit_type, "of X-Figma-Rate-Limit-Type")
      ->capture_default_str();
}

void add_fault_options(CLI::App& app, Options& options) {
  auto& faults = options.faults;
  for (std::size_t kind = 1; kind < kFaultKinds; ++kind) {
    const auto name = std::string(name_of(static_cast<Fault>(kind)));
    app.add_option("--fault-" + name, faults.percent.at(kind), "per cent of requests")
        ->check(CLI::Range(0.0, 100.0));
  }
  const std::map<std::string, FaultTarget> targets = {
      {"cdn", FaultTarget::kCdn}, {"api", FaultTarget::kApi}, {"both", FaultTarget::kBoth}};
  app.add_option("--fault-target", faults.target, "cdn, api or both [both]")
      ->transform(CLI::CheckedTransformer(targets))
      ->option_text("TARGET");
  app.add_option("--faults-per-address", faults.per_address,
                 "an address fails so often at most; 0: no such mercy")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--fault-slow-ms", faults.slow_ms, "how long a slow body takes")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option_function<std::uint64_t>(
      "--seed",
      [&options](const std::uint64_t& seed) {
        options.faults.seed = seed;
        options.design.seed = seed;
      },
      "of the design and the faults [1]");
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app(
      "The Figma API with its CDN, the Arke archive, GitHub and Fly's machines, simulated on "
      "loopback",
      "gantry-sandbox");
  add_server_options(app, line.options);
  add_design_options(app, line.options.design);
  add_api_options(app, line.options);
  add_arke_options(app, line.options.arke);
  add_fly_options(app, line.options.fly);
  add_github_options(app, line.options.github);
  add_limit_options(app, line.options.limits);
  add_fault_options(app, line.options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    line.exit_code = app.exit(error) == 0 ? 0 : 2;
  }
  return line;
}

}  // namespace gantry::sandbox
