// Tickets in the order of their age, of which any may leave at any time. Leaving costs O(1)
// amortised: what has left stays as a dead entry until it comes to the front or the dead outnumber
// the living. The front is always alive.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <iterator>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/net/ticket.hpp"

namespace gantry::net {

class WaitingLine {
 public:
  bool empty() const { return living_ == 0; }
  // The oldest ticket and since when it waits. Not of an empty line.
  TicketId front() const { return oldest().ticket; }
  async::TimePoint front_since() const { return oldest().since; }

  // Tickets are as old as their numbers say. It is not in the line yet.
  void join(TicketId ticket, async::TimePoint since) {
    ++living_;
    if (in_order_.empty() || in_order_.back().ticket < ticket) {
      in_order_.push_back({ticket, since});
    } else {
      late_.push_back({ticket, since});
      std::push_heap(late_.begin(), late_.end(), std::greater<>());
    }
  }

  // `lives` says of any ticket whether it is still in this line; of `ticket` it says no already.
  template <typename Lives>
  void leave(TicketId ticket, Lives lives) {
    if (--living_ == 0) {
      in_order_.clear();
      late_.clear();
      return;
    }
    if (front() == ticket) drop_front();
    while (size() > living_ && !lives(front())) drop_front();
    if (size() > 2 * living_ + kSpare) drop_the_dead(lives);
  }

  // The living, in no order. A ticket that came back may be named twice.
  template <typename Lives>
  void collect(std::vector<TicketId>& tickets, Lives lives) const {
    for (const Entry& entry : in_order_) {
      if (lives(entry.ticket)) tickets.push_back(entry.ticket);
    }
    for (const Entry& entry : late_) {
      if (lives(entry.ticket)) tickets.push_back(entry.ticket);
    }
  }

  // How much is stored: the living and the dead.
  std::size_t size() const { return in_order_.size() + late_.size(); }

 private:
  struct Entry {
    TicketId ticket = 0;
    async::TimePoint since{};
    bool operator>(const Entry& other) const { return ticket > other.ticket; }
  };
  static constexpr std::size_t kSpare = 16;

  bool is_late_older() const {
    return in_order_.empty() || (!late_.empty() && late_.front().ticket < in_order_.front().ticket);
  }

  const Entry& oldest() const { return is_late_older() ? late_.front() : in_order_.front(); }

  void drop_front() {
    if (is_late_older()) {
      std::pop_heap(late_.begin(), late_.end(), std::greater<>());
      late_.pop_back();
    } else {
      in_order_.pop_front();
    }
  }

  template <typename Lives>
  void drop_the_dead(Lives lives) {
    std::vector<Entry> living;
    living.reserve(size());
    auto keep = [&lives](const Entry& entry) { return lives(entry.ticket); };
    std::copy_if(in_order_.begin(), in_order_.end(), std::back_inserter(living), keep);
    std::copy_if(late_.begin(), late_.end(), std::back_inserter(living), keep);
    std::sort(living.begin(), living.end(), [](auto& a, auto& b) { return b > a; });
    auto same = [](auto& a, auto& b) { return a.ticket == b.ticket; };
    living.erase(std::unique(living.begin(), living.end(), same), living.end());
    in_order_.assign(living.begin(), living.end());
    late_.clear();
  }

  std::deque<Entry> in_order_;
  std::vector<Entry> late_;  // a heap: of older tickets that joined after younger ones
  std::size_t living_ = 0;
};

}  // namespace gantry::net
