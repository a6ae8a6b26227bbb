#include "gantry/net/claims.hpp"

#include "gantry/net/admission.hpp"

namespace gantry::net {

void Claims::add(Lane lane, TicketClass priority) {
  Claim claim{lane, priority};
  if (++counts_[claim] > 1) return;
  // A copy: what is granted in the course of this leaves the list, and may be the last to hold it.
  std::vector<Waiting> waiting = waiting_;
  for (const Waiting& ticket : waiting) ticket.admission->claim(ticket.ticket, claim);
}

void Claims::remove(Lane lane, TicketClass priority) {
  Claim claim{lane, priority};
  auto found = counts_.find(claim);
  if (found == counts_.end() || --found->second > 0) return;
  counts_.erase(found);
  for (const Waiting& ticket : waiting_) ticket.admission->unclaim(ticket.ticket, claim);
}

std::vector<Claims::Claim> Claims::list() const {
  std::vector<Claim> claims;
  claims.reserve(counts_.size());
  for (const auto& [claim, count] : counts_) claims.push_back(claim);
  return claims;
}

}  // namespace gantry::net
