// Threads for what computes or blocks: conversion, hashing, files. The io thread hands work over
// and is resumed with the result.
#pragma once

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

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
  template <class Result>
  using Answer = std::variant<std::exception_ptr, Result>;

  template <class Result, class Work>
  static Answer<Result> attempt(Work& work) {
    try {
      return Answer<Result>(std::in_place_index<1>, work());
    } catch (...) {
      return Answer<Result>(std::in_place_index<0>, std::current_exception());
    }
  }

  template <class Result, class Work>
  auto start(Work work) {
    auto initiation = [this](auto handler, Work inner) {
      auto executor = boost::asio::get_associated_executor(handler);
      auto guard = boost::asio::make_work_guard(executor);
      boost::asio::post(pool_, [handler = std::move(handler), inner = std::move(inner), executor,
                                guard = std::move(guard)]() mutable {
        auto answer = attempt<Result>(inner);
        boost::asio::post(executor,
                          [handler = std::move(handler), answer = std::move(answer)]() mutable {
                            std::move(handler)(std::move(answer));
                          });
      });
    };
    return unwrap<Result>(
        boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Answer<Result>)>(
            std::move(initiation), boost::asio::use_awaitable, std::move(work)));
  }

  template <class Result>
  static awaitable<Result> unwrap(awaitable<Answer<Result>> waiting) {
    Answer<Result> answer = co_await std::move(waiting);
    if (auto* failure = std::get_if<0>(&answer)) std::rethrow_exception(std::move(*failure));
    co_return std::get<1>(std::move(answer));
  }

  boost::asio::thread_pool pool_;
};

}  // namespace gantry::async
