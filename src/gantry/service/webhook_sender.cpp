#include "gantry/service/webhook_sender.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

namespace gantry::service {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookEvery = 500ms;
constexpr std::size_t kMostAtOnce = 16;
constexpr auto kConnectTime = 5s;
constexpr auto kWholeTime = 15s;
constexpr std::uint64_t kLargestAnswer = 64UL << 10;
// "Gone": the receiver wants no more.
constexpr int kGone = 410;

}  // namespace

WebhookSender::WebhookSender(async::any_io_executor executor, async::Clock& clock, TaskStore& store,
                             const Access& access, net::Transport& transport,
                             std::map<std::string, Secret> secrets)
    : clock_(clock),
      store_(store),
      access_(access),
      transport_(transport),
      secrets_(std::move(secrets)),
      deliveries_(executor),
      woken_(executor) {}

async::awaitable<void> WebhookSender::run() {
  std::exception_ptr failure;
  try {
    while (true) {
      co_await send_due();
      co_await wait();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  deliveries_.cancel();
  co_await boost::asio::this_coro::reset_cancellation_state();
  co_await deliveries_.join();
  std::rethrow_exception(failure);
}

async::awaitable<void> WebhookSender::send_due() {
  if (busy_.size() >= kMostAtOnce) co_return;
  async::WallTime now = clock_.wall_now();
  auto question = [now, busy = busy_](TaskReader& reader) {
    return reader.due_notices(now, busy, kMostAtOnce - busy.size());
  };
  std::vector<Notice> due = co_await store_.ask(std::move(question));
  for (Notice& notice : due) {
    busy_.insert(notice.batch);
    deliveries_.spawn(deliver(std::move(notice)));
  }
}

async::awaitable<void> WebhookSender::wait() {
  async::Clock::AlarmId alarm =
      clock_.call_at(clock_.now() + kLookEvery, [this] { woken_.notify(); });
  std::exception_ptr failure;
  try {
    co_await woken_.wait();
  } catch (...) {
    failure = std::current_exception();
  }
  clock_.cancel(alarm);
  if (failure) std::rethrow_exception(failure);
}

async::awaitable<void> WebhookSender::deliver(Notice notice) {
  std::int64_t batch = notice.batch;
  try {
    co_await try_once(std::move(notice));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    // What cannot be noted, because the disk is full, is sent again.
  }
  busy_.erase(batch);
  woken_.notify();
}

net::HttpRequest WebhookSender::request_of(const Notice& notice) const {
  if (!access_.may_notify(notice.owner, notice.url)) {
    throw Error(ErrorCode::kForbidden, "its API key may send there no more");
  }
  auto secret = secrets_.find(notice.owner);
  if (secret == secrets_.end()) throw Error(ErrorCode::kForbidden, "its API key has no secret");
  std::int64_t timestamp = unix_milliseconds(clock_.wall_now()) / 1000;
  net::HttpRequest request;
  request.method = "POST";
  request.url = notice.url;
  request.headers = {
      {"Content-Type", "application/json"},
      {"webhook-id", notice.id},
      {"webhook-timestamp", std::to_string(timestamp)},
      {"webhook-signature", webhook_signature(secret->second, notice.id, timestamp, notice.body)}};
  request.body = notice.body;
  request.limits.connect = kConnectTime;
  request.limits.total = kWholeTime;
  request.limits.body_bytes = kLargestAnswer;
  return request;
}

async::awaitable<void> WebhookSender::try_once(Notice notice) {
  std::string fault;
  bool is_final = false;
  try {
    net::HttpResponse response = co_await transport_.send(request_of(notice));
    is_final = response.status == kGone;
    if (response.status < 200 || response.status > 299) {
      fault = fmt::format("the receiver answers {}", response.status);
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    is_final = error.code() == ErrorCode::kForbidden;
    fault = error.message();
  }
  async::WallTime now = clock_.wall_now();
  auto note = [notice = std::move(notice), fault, is_final, now](TaskWriter& writer) {
    if (fault.empty()) {
      note_delivery(writer.database(), notice);
    } else {
      note_failure(writer.database(), notice, fault, is_final, now);
    }
  };
  co_await store_.change(std::move(note));
}

}  // namespace gantry::service
