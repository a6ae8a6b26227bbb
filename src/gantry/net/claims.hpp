// Who wants a call: lanes with classes, which come and go while it waits. Io thread only.
#pragma once

#include <compare>
#include <map>
#include <vector>

#include "gantry/net/ticket.hpp"

namespace gantry::net {

class Admission;

class Claims {
 public:
  struct Claim {
    Lane lane = 0;
    TicketClass priority = TicketClass::kNormal;
    auto operator<=>(const Claim&) const = default;
  };

  // Counted: as many remove() as add() end a claim. What waits with these claims may be granted
  // before add() returns.
  void add(Lane lane, TicketClass priority);
  // Nothing happens if there is no such claim. The last claim of all keeps its place in the queue
  // until another comes.
  void remove(Lane lane, TicketClass priority);

  // Each once, in order.
  std::vector<Claim> list() const;

 private:
  friend class Admission;
  struct Waiting {
    Admission* admission;
    TicketId ticket;
    bool operator==(const Waiting&) const = default;
  };

  std::map<Claim, int> counts_;
  std::vector<Waiting> waiting_;  // tickets with these claims
};

}  // namespace gantry::net
