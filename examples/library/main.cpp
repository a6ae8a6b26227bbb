// Reads the sources of some components from a slow upstream: each once, five at a time, kept.
#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "gantry/batch/blocking.hpp"

using namespace std::chrono_literals;
namespace batch = gantry::batch;

// Stands for a call over the network.
std::string read_component(const std::string& name) {
  std::this_thread::sleep_for(100ms);
  if (name == "ghost") throw gantry::Error(gantry::ErrorCode::kNotFound, "no component " + name);
  return "export function " + name + "() {}";
}

int main() {
  batch::Runtime runtime;
  batch::ProcessorOptions options{.name = "components", .memory_bytes = 1 << 20};
  batch::BlockingProcessor<std::string> components(runtime, options);

  std::vector<batch::BlockingRequest<std::string>> requests;
  for (std::string name : {"button", "card", "ghost", "button", "dialog"}) {
    requests.push_back({"component:react:" + name, [name] { return read_component(name); }});
  }
  requests.front().priority = batch::Priority::kHigh;

  for (const char* round : {"first", "second"}) {
    for (const auto& item : components.process(requests)) {
      std::cout << round << ": " << (item ? *item : item.error().message()) << '\n';
    }
    std::cout << components.metrics().counters.upstream_calls << " calls\n";
  }
}
