// Times as stores write them down: nanoseconds since 1970, the largest number for "for ever".
#pragma once

#include <chrono>
#include <cstdint>

#include "gantry/async/clock.hpp"

namespace gantry::store {

inline std::int64_t to_stored(async::WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

inline async::WallTime from_stored(std::int64_t nanoseconds) {
  return async::WallTime(
      std::chrono::duration_cast<async::WallTime::duration>(std::chrono::nanoseconds(nanoseconds)));
}

}  // namespace gantry::store
