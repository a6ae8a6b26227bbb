#include "gantry/httpd/connections.hpp"

#include <utility>

#include "gantry/base/error.hpp"

namespace gantry::httpd {

std::shared_ptr<void> Connections::count_one() {
  if (count_.fetch_add(1) >= most_) {
    --count_;
    throw Error(ErrorCode::kTooLarge, "there are too many connections");
  }
  return {this, [](Connections* self) { --self->count_; }};
}

void Connections::opened(Id id) {
  const std::scoped_lock lock(mutex_);
  records_.try_emplace(id);
}

void Connections::closed(Id id) {
  Record record;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = records_.find(id);
    if (found == records_.end()) return;
    record = std::move(found->second);
    records_.erase(found);
  }
  for (const auto& [who, action] : record.waiting) action();
}

void Connections::forget(Id id) {
  Record record;  // destroyed without the lock
  const std::scoped_lock lock(mutex_);
  const auto found = records_.find(id);
  if (found == records_.end()) return;
  record = std::move(found->second);
  records_.erase(found);
}

bool Connections::wait(Id id, const void* who, std::function<void()> action) {
  const std::scoped_lock lock(mutex_);
  const auto found = records_.find(id);
  if (found == records_.end()) return false;
  found->second.waiting.insert_or_assign(who, std::move(action));
  return true;
}

void Connections::leave(Id id, const void* who) {
  std::function<void()> action;  // destroyed without the lock
  const std::scoped_lock lock(mutex_);
  const auto found = records_.find(id);
  if (found == records_.end()) return;
  const auto place = found->second.waiting.find(who);
  if (place == found->second.waiting.end()) return;
  action = std::move(place->second);
  found->second.waiting.erase(place);
}

void Connections::spoil(Id id) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = records_.find(id); found != records_.end()) {
    found->second.is_spoilt = true;
  }
}

bool Connections::is_spoilt(Id id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = records_.find(id);
  return found == records_.end() || found->second.is_spoilt;
}

void ConnectionListener::state_changed(
    const restinio::connection_state::notice_t& notice) noexcept {
  const auto id = Connections::id_of(server, notice.connection_id());
  if (restinio::holds_alternative<restinio::connection_state::accepted_t>(notice.cause())) {
    connections->opened(id);
  } else if (restinio::holds_alternative<restinio::connection_state::closed_t>(notice.cause())) {
    connections->closed(id);
  }
}

}  // namespace gantry::httpd
