// Threads for what computes or blocks: conversion, hashing, files. The io thread hands work over
// and is resumed with the result.
#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gantry/async/awaitable.hpp"

namespace gantry::async {

class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads) : pool_(threads) {}
  // Waits for the work that runs; work that has not begun is dropped.
  ~WorkerPool() {
    pool_.stop();
    pool_.join();
  }

  // Runs `work()` on a thread of the pool and returns its result or throws what it threw. Work that
  // has begun cannot be cancelled; the caller gets its result and notices the cancellation later.
  template <class Work>
  awaitable<std::invoke_result_t<Work>> run(Work work) {
    using Result = std::invoke_result_t<Work>;
    if constexpr (std::is_void_v<Result>) {
      auto wrapped = [work = std::move(work)]() mutable {
        work();
        return true;
      };
      co_await start<bool>(std::move(wrapped));
    } else {
      co_return co_await start<Result>(std::move(work));
    }
  }

 private:
  template <class Result, class Work>
  auto start(Work work) {
    auto initiation = [this](auto handler, Work inner) {
      auto executor = boost::asio::get_associated_executor(handler);
      auto guard = boost::asio::make_work_guard(executor);
      boost::asio::post(pool_, [handler = std::move(handler), inner = std::move(inner), executor,
                                guard = std::move(guard)]() mutable {
        std::exception_ptr failure;
        std::optional<Result> result;
        try {
          result.emplace(inner());
        } catch (...) {
          failure = std::current_exception();
        }
        boost::asio::post(executor, [handler = std::move(handler), failure,
                                     result = std::move(result)]() mutable {
          // Asio hands a default-made value over beside an exception.
          if (failure) {
            std::move(handler)(failure, std::optional<Result>());
          } else {
            std::move(handler)(nullptr, std::move(result));
          }
        });
      });
    };
    return unwrap<Result>(
        boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                    void(std::exception_ptr, std::optional<Result>)>(
            std::move(initiation), boost::asio::use_awaitable, std::move(work)));
  }

  template <class Result>
  static awaitable<Result> unwrap(awaitable<std::optional<Result>> waiting) {
    std::optional<Result> result = co_await std::move(waiting);
    co_return std::move(*result);
  }

  boost::asio::thread_pool pool_;
};

}  // namespace gantry::async
