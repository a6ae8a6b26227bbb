// What asks for admission: a call of a budget and slots of pools, in the lane of a job.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gantry::net {

class Claims;

// Lanes are jobs, numbered in the order of the run.
using Lane = std::uint32_t;

using TicketId = std::uint64_t;

enum class TicketClass { kHigh, kNormal, kLow };

struct TicketRequest {
  std::string budget;  // empty: costs no call and is not held by a pause
  std::string host;    // whose pauses hold it
  std::string pool;
  Lane lane = 0;
  TicketClass priority = TicketClass::kNormal;
  // Further pools that must each have a free slot: of a host, of a group. A grant takes one of
  // each. Requests that differ in the order of these wait apart.
  std::vector<std::string> caps{};
  // Who wants the call, for as long as it waits; null: only `lane`, with `priority`.
  std::shared_ptr<Claims> claims{};
};

}  // namespace gantry::net
