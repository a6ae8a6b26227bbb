// Answers one after another instead of all together: memory is bounded by a budget of bytes and not
// by the number of requests. Io thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "gantry/batch/core/core.hpp"

namespace gantry::batch::core {

// The next requests, at most so many; null or empty at the end.
using ErasedSource = std::function<std::unique_ptr<RequestView>(std::size_t most)>;

class Stream final : public Run {
 public:
  // Begins at once. `core` outlives it.
  static std::shared_ptr<Stream> open(Core& core, const Services& services, ErasedSource source,
                                      BatchOptions options, std::uint64_t byte_budget,
                                      bool in_order);
  Stream(Core& core, const Services& services, ErasedSource source, std::uint64_t byte_budget,
         bool in_order);

  // The next answer and the number of its request; nothing at the end. kCancelled; what the source
  // has thrown.
  async::awaitable<std::optional<std::pair<std::uint64_t, Landing>>> next();
  // Waits for nothing any more.
  void stop();

  void landed(std::uint32_t place, Landing landing) override;

 private:
  static async::awaitable<void> feed(std::shared_ptr<Stream> self);
  std::size_t room() const;
  std::optional<std::pair<std::uint64_t, Landing>> take();

  Core& core_;
  ErasedSource source_;
  std::uint64_t byte_budget_;
  bool in_order_;
  std::uint32_t added_ = 0;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Landing> ready_in_order_;
  std::deque<std::pair<std::uint64_t, Landing>> ready_;
  std::uint64_t ready_bytes_ = 0;
  std::uint64_t answers_ = 0;
  std::uint64_t answer_bytes_ = 0;
  bool is_fed_ = false;
  bool is_stopped_ = false;
  bool is_ended_ = false;
  std::exception_ptr failure_;
  async::Event arrived_;
  async::Event taken_;
};

}  // namespace gantry::batch::core
