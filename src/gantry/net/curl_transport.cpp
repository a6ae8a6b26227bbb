#include "gantry/net/curl_transport.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <curl/curl.h>

#include "gantry/async/event.hpp"
#include "gantry/net/curl_transfer.hpp"

namespace gantry::net {
namespace asio = boost::asio;
namespace {

// Idle connections that curl keeps; above the most slots that a run can have.
constexpr long kKeptConnections = 256;
// A wake-up can be lost inside curl; the thread looks by itself at least this often.
constexpr int kWatchdogMilliseconds = 500;
constexpr std::chrono::milliseconds kLookForOverdueEvery{100};

using Completion = std::move_only_function<void(Outcome<HttpResponse>)>;

void initialise_curl_once() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) throw Error(ErrorCode::kInternal, "libcurl does not start");
}

// libcurl knows the system's certificates only; these variables are what the curl tool reads.
std::string trusted_certificates() {
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    if (const char* file = std::getenv(name); file != nullptr && *file != '\0') return file;
  }
  return {};
}

// OpenSSL writes to sockets whose peer may have gone; that must not end the program.
void block_sigpipe_in_this_thread() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

class CurlTransport::Worker {
 public:
  Worker(asio::any_io_executor executor, const async::Clock& clock, EgressPolicy egress,
         std::string user_agent)
      : executor_(std::move(executor)),
        clock_(clock),
        settings_{egress, std::move(user_agent), trusted_certificates()} {
    initialise_curl_once();
    multi_ = curl_multi_init();
    if (multi_ == nullptr) throw Error(ErrorCode::kInternal, "libcurl does not start");
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kKeptConnections);
    thread_ = std::thread(&Worker::run, this);
  }

  ~Worker() {
    stopping_ = true;
    curl_multi_wakeup(multi_);
    thread_.join();
    for (Order& order : inbox_) {
      if (!order.is_cancellation) {
        finished_.emplace_back(std::move(order.completion), cancelled());
      }
    }
    while (!active_.empty()) {
      curl_multi_remove_handle(multi_, active_.begin()->second.transfer->easy());
      end(active_.begin(), cancelled());
    }
    deliver();
    for (CURL* easy : spare_) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi_);
  }

  // Io thread.
  std::uint64_t start(HttpRequest request, Completion completion) {
    std::uint64_t id = ++last_id_;
    put(Order{id, std::move(request), std::move(completion), false});
    return id;
  }

  // Io thread. The completion comes all the same, with kCancelled or whatever was faster.
  void cancel(std::uint64_t id) { put(Order{id, {}, {}, true}); }

 private:
  struct Order {
    std::uint64_t id;
    HttpRequest request;
    Completion completion;
    bool is_cancellation;
  };
  struct Job {
    std::unique_ptr<CurlTransfer> transfer;
    Completion completion;
  };
  using Finished = std::vector<std::pair<Completion, Outcome<HttpResponse>>>;

  static Outcome<HttpResponse> cancelled() {
    return tl::unexpected(Error(ErrorCode::kCancelled, "cancelled"));
  }

  // A thread that does not sleep looks into the inbox by itself, and one call wakes a sleeping one.
  void put(Order order) {
    bool sleeps = false;
    {
      std::lock_guard lock(mutex_);
      inbox_.push_back(std::move(order));
      sleeps = std::exchange(sleeps_, false);
    }
    if (sleeps) curl_multi_wakeup(multi_);
  }

  // False, and the thread may not sleep, if there are orders.
  bool fall_asleep() {
    std::lock_guard lock(mutex_);
    sleeps_ = inbox_.empty();
    return sleeps_;
  }

  void run() {
    block_sigpipe_in_this_thread();
    while (!stopping_) {
      take_orders();
      end_overdue();
      int running = 0;
      curl_multi_perform(multi_, &running);
      collect();
      deliver();
      if (fall_asleep()) curl_multi_poll(multi_, nullptr, 0, kWatchdogMilliseconds, nullptr);
    }
  }

  void deliver() {
    if (finished_.empty()) return;
    asio::post(executor_, [finished = std::exchange(finished_, {})]() mutable {
      for (auto& [completion, outcome] : finished) completion(std::move(outcome));
    });
  }

  void take_orders() {
    std::vector<Order> orders;
    {
      std::lock_guard lock(mutex_);
      sleeps_ = false;
      orders.swap(inbox_);
    }
    for (Order& order : orders) {
      if (!order.is_cancellation) {
        begin(order);
      } else if (auto job = active_.find(order.id); job != active_.end()) {
        curl_multi_remove_handle(multi_, job->second.transfer->easy());
        end(job, cancelled());
      }
    }
  }

  void end_overdue() {
    async::TimePoint now = clock_.now();
    if (now < next_look_) return;
    next_look_ = now + kLookForOverdueEvery;
    for (auto job = active_.begin(); job != active_.end();) {
      auto here = job++;
      if (!here->second.transfer->is_overdue()) continue;
      curl_multi_remove_handle(multi_, here->second.transfer->easy());
      end(here, here->second.transfer->finish(CURLE_OPERATION_TIMEDOUT));
    }
  }

  void begin(Order& order) {
    CURL* easy = nullptr;
    try {
      if (spare_.empty()) {
        easy = curl_easy_init();
        if (easy == nullptr) throw Error(ErrorCode::kInternal, "libcurl gives no handle");
        prepare_handle(easy, settings_);
      } else {
        easy = spare_.back();
        spare_.pop_back();
      }
      auto transfer =
          std::make_unique<CurlTransfer>(easy, std::move(order.request), clock_, settings_);
      if (CURLMcode code = curl_multi_add_handle(multi_, easy); code != CURLM_OK) {
        throw Error(ErrorCode::kInternal, std::string("libcurl: ") + curl_multi_strerror(code));
      }
      Job job{std::move(transfer), std::move(order.completion)};
      auto place = active_.emplace(order.id, std::move(job)).first;
      curl_easy_setopt(easy, CURLOPT_PRIVATE, &place->first);
    } catch (...) {
      finished_.emplace_back(std::move(order.completion), tl::unexpected(current_error()));
      if (easy != nullptr) curl_easy_cleanup(easy);
    }
  }

  void collect() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      CURLcode result = message->data.result;
      void* id = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &id);
      curl_multi_remove_handle(multi_, easy);
      auto job = active_.find(*static_cast<const std::uint64_t*>(id));
      end(job, job->second.transfer->finish(result));
    }
  }

  void end(std::unordered_map<std::uint64_t, Job>::iterator job, Outcome<HttpResponse> outcome) {
    CURL* easy = job->second.transfer->easy();
    bool is_plain = job->second.transfer->is_plain();
    finished_.emplace_back(std::move(job->second.completion), std::move(outcome));
    active_.erase(job);
    if (is_plain) {
      spare_.push_back(easy);
    } else {
      curl_easy_cleanup(easy);
    }
  }

  asio::any_io_executor executor_;
  const async::Clock& clock_;
  const TransferSettings settings_;
  std::uint64_t last_id_ = 0;  // io thread

  std::mutex mutex_;
  std::vector<Order> inbox_;  // guarded by mutex_, as is sleeps_
  bool sleeps_ = false;
  std::atomic<bool> stopping_ = false;

  CURLM* multi_ = nullptr;  // curl thread, but for wake-ups
  std::unordered_map<std::uint64_t, Job> active_;
  std::vector<CURL*> spare_;
  async::TimePoint next_look_{};
  Finished finished_;
  std::thread thread_;
};

CurlTransport::CurlTransport(asio::any_io_executor executor, const async::Clock& clock,
                             EgressPolicy egress, std::string user_agent)
    : worker_(std::make_shared<Worker>(std::move(executor), clock, egress, std::move(user_agent))) {
}

CurlTransport::~CurlTransport() = default;

async::awaitable<HttpResponse> CurlTransport::start(HttpRequest request) {
  auto initiation = [worker = worker_.get(), alive = std::weak_ptr<Worker>(worker_)](
                        auto handler, HttpRequest wanted) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto guard = asio::make_work_guard(asio::get_associated_executor(handler));
    auto completion = [handler = std::move(handler), slot,
                       guard = std::move(guard)](Outcome<HttpResponse> outcome) mutable {
      slot.clear();
      if (outcome) {
        std::move(handler)(nullptr, *std::move(outcome));
      } else {
        std::move(handler)(std::make_exception_ptr(outcome.error()), HttpResponse());
      }
    };
    auto slot_now = slot;
    std::uint64_t id = worker->start(std::move(wanted), std::move(completion));
    if (slot_now.is_connected()) {
      slot_now.assign([alive, id](asio::cancellation_type) {
        if (auto there = alive.lock()) there->cancel(id);
      });
    }
  };
  return asio::async_initiate<const asio::use_awaitable_t<>,
                              void(std::exception_ptr, HttpResponse)>(
      std::move(initiation), asio::use_awaitable, std::move(request));
}

async::awaitable<HttpResponse> CurlTransport::send(HttpRequest request) {
  // A slot hears only of what is cancelled from now on.
  co_await async::throw_if_cancelled();
  HttpResponse response = co_await start(std::move(request));
  co_return response;
}

}  // namespace gantry::net
