#include "bench/paired.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

namespace gantry::bench {
namespace {

struct Pair {
  std::string name;
  std::size_t keys;
};

std::vector<Pair>& pairs() {
  static std::vector<Pair> all;
  return all;
}

std::string full_name(const Pair& pair, const char* side) {
  return pair.name + " " + std::to_string(pair.keys) + " " + side;
}

class Collector final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) {
        std::fprintf(stderr, "%s: %s\n", run.run_name.function_name.c_str(),
                     run.error_message.c_str());
        failed = true;
      } else if (run.run_type == Run::RT_Iteration) {
        times[run.run_name.function_name].push_back(run.GetAdjustedRealTime());
      }
    }
  }
  double median(const std::string& name) {
    std::vector<double>& values = times[name];
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  }

  bool failed = false;
  std::map<std::string, std::vector<double>> times;  // nanoseconds of an iteration
};

}  // namespace

void add_pair(const std::string& name, std::size_t keys,
              std::function<void(benchmark::State&)> gantry,
              std::function<void(benchmark::State&)> rival) {
  const Pair& pair = pairs().emplace_back(Pair{name, keys});
  for (auto& [side, work] :
       {std::pair("gantry", std::move(gantry)), std::pair("rival", std::move(rival))}) {
    benchmark::RegisterBenchmark(full_name(pair, side).c_str(), work)->UseRealTime();
  }
}

bool run_pairs(int runs) {
  std::vector<std::string> flags = {"bench", "--benchmark_enable_random_interleaving=true",
                                    "--benchmark_min_time=0.1",
                                    "--benchmark_repetitions=" + std::to_string(runs)};
  std::vector<char*> arguments;
  arguments.reserve(flags.size());
  for (std::string& flag : flags) arguments.push_back(flag.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  std::printf("%-28s %8s %12s %12s %8s\n", "", "keys", "gantry ns", "rival ns", "times");
  for (const Pair& pair : pairs()) {
    auto keys = static_cast<double>(pair.keys);
    double gantry = collector.median(full_name(pair, "gantry")) / keys;
    double rival = collector.median(full_name(pair, "rival")) / keys;
    std::printf("%-28s %8zu %12.0f %12.0f %8.2f\n", pair.name.c_str(), pair.keys, gantry, rival,
                rival > 0 ? gantry / rival : 0);
  }
  return !collector.failed;
}

}  // namespace gantry::bench
