// Benchmarks of Google Benchmark that come in pairs: Gantry and its rival, measured in turn.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include <benchmark/benchmark.h>

namespace gantry::bench {

// Both read `keys` keys in each iteration.
void add_pair(const std::string& name, std::size_t keys,
              std::function<void(benchmark::State&)> gantry,
              std::function<void(benchmark::State&)> rival);

// Runs all pairs so many times, in random order, and prints a line for each: medians of the
// nanoseconds that a key takes by the clock on the wall, and Gantry's as a multiple of its rival's.
// False if one of them failed.
bool run_pairs(int runs);

}  // namespace gantry::bench
