// What a piece of work knows about the job it is done for. Handed down as a parameter; nothing of
// it is global.
#pragma once

#include <chrono>
#include <string>

#include "gantry/base/progress.hpp"
#include "gantry/net/admission_queue.hpp"

namespace gantry::batch {

struct JobContext {
  std::string name;
  net::Lane lane = 0;  // the job's place in the run
  net::TicketClass priority = net::TicketClass::kNormal;
  // Bounds each attempt: an API answer as a whole, a download's connect, silence and crawl.
  std::chrono::milliseconds timeout{30'000};
  ProgressSink* progress = nullptr;  // never null while a job runs
};

}  // namespace gantry::batch
