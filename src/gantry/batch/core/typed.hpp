// From typed requests, planners and codecs to those of the core, which knows no types.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gantry/batch/codec.hpp"
#include "gantry/batch/core/flight.hpp"
#include "gantry/batch/core/prefetch.hpp"
#include "gantry/batch/core/stream.hpp"

namespace gantry::batch::core {

// Puts values where many can share them, and says how much they hold.
template <class T>
class Maker {
 public:
  explicit Maker(std::function<std::size_t(const T&)> size) : size_(std::move(size)) {}

  Value operator()(T value) const {
    std::size_t bytes = bytes_of(value);
    return Value{std::make_shared<const T>(std::move(value)), bytes};
  }

 private:
  std::size_t bytes_of(const T& value) const {
    if (size_) return size_(value);
    if constexpr (requires {
                    { value.size() } -> std::convertible_to<std::size_t>;
                  }) {
      return sizeof(T) + value.size();
    } else {
      return sizeof(T);
    }
  }

  std::function<std::size_t(const T&)> size_;
};

template <class T>
async::awaitable<Value> fetch_and_make(std::function<async::awaitable<T>(CallContext)> fetch,
                                       Maker<T> maker, CallContext context) {
  T value = co_await fetch(std::move(context));
  co_return maker(std::move(value));
}

template <class T>
class TypedRequests : public RequestView {
 public:
  TypedRequests(std::span<const Request<T>> requests, Maker<T> maker)
      : requests_(requests), maker_(std::move(maker)) {}

  std::size_t size() const override { return requests_.size(); }
  std::string_view key(std::size_t index) const override { return requests_[index].key; }
  Priority priority(std::size_t index) const override { return requests_[index].priority; }
  std::optional<async::Duration> ttl(std::size_t index) const override {
    return requests_[index].ttl;
  }
  std::string_view host(std::size_t index) const override { return requests_[index].host; }
  // Functions cannot be compared: what can be seen is what else the requests say.
  bool agree(std::size_t one, std::size_t other) const override {
    const Request<T>& a = requests_[one];
    const Request<T>& b = requests_[other];
    return a.ttl == b.ttl && a.priority == b.priority && a.host == b.host &&
           a.fetch.target_type() == b.fetch.target_type();
  }
  ErasedFetch fetch(std::size_t index) const override {
    if (!requests_[index].fetch) return nullptr;
    return [fetch = requests_[index].fetch, maker = maker_](CallContext context) {
      return fetch_and_make<T>(fetch, maker, std::move(context));
    };
  }

 private:
  std::span<const Request<T>> requests_;
  Maker<T> maker_;
};

// The same, of requests that it owns.
template <class T>
class OwnedRequests final : public TypedRequests<T> {
 public:
  OwnedRequests(std::unique_ptr<std::vector<Request<T>>> requests, Maker<T> maker)
      : TypedRequests<T>(*requests, std::move(maker)), requests_(std::move(requests)) {}

 private:
  std::unique_ptr<std::vector<Request<T>>> requests_;
};

template <class T>
class TypedAnswers final : public AnswerPlaces {
 public:
  void make(std::size_t count) override { items_.assign(count, Item<T>(Landing())); }
  Landing& at(std::size_t index) override { return items_[index].landing_; }
  std::vector<Item<T>> take() { return std::move(items_); }

 private:
  std::vector<Item<T>> items_;
};

template <class T>
ErasedSource erase(std::function<std::optional<Request<T>>()> source, Maker<T> maker) {
  return [source = std::move(source),
          maker = std::move(maker)](std::size_t most) -> std::unique_ptr<RequestView> {
    auto requests = std::make_unique<std::vector<Request<T>>>();
    while (requests->size() < most) {
      std::optional<Request<T>> request = source();
      if (!request) break;
      requests->push_back(std::move(*request));
    }
    return std::make_unique<OwnedRequests<T>>(std::move(requests), maker);
  };
}

template <class T>
ErasedPredict erase(
    std::function<std::vector<Request<T>>(std::span<const std::string_view>)> predict,
    Maker<T> maker) {
  return [predict = std::move(predict), maker = std::move(maker)](
             std::span<const std::string_view> asked) -> std::unique_ptr<RequestView> {
    auto requests = std::make_unique<std::vector<Request<T>>>(predict(asked));
    return std::make_unique<OwnedRequests<T>>(std::move(requests), maker);
  };
}

template <class T>
class TypedPlanner final : public ErasedPlanner {
 public:
  TypedPlanner(std::unique_ptr<GroupPlanner<T>> planner, Maker<T> maker)
      : planner_(std::move(planner)), maker_(std::move(maker)) {}

  std::optional<Cost> cost(std::string_view group,
                           std::span<const std::string_view> keys) const override {
    return planner_->cost(group, keys);
  }
  async::awaitable<ErasedAnswers> fetch(std::string group, std::vector<std::string> keys,
                                        CallContext context) override {
    Answers<T> typed =
        co_await planner_->fetch(std::move(group), std::move(keys), std::move(context));
    ErasedAnswers answers;
    answers.reserve(typed.size());
    for (auto& [key, outcome] : typed) {
      if (outcome) {
        answers.emplace(key, maker_(std::move(*outcome)));
      } else {
        answers.emplace(key, tl::unexpected(std::move(outcome.error())));
      }
    }
    co_return answers;
  }

 private:
  std::unique_ptr<GroupPlanner<T>> planner_;
  Maker<T> maker_;
};

template <class T>
ErasedCodec erase(Codec<T> codec) {
  ErasedCodec erased;
  if constexpr (std::is_same_v<T, std::string>) {
    // Text is its own record: nothing is copied, neither on the way in nor out.
    if (!codec.encode) {
      erased.encode = [](const Value& value) {
        return std::static_pointer_cast<const std::string>(value.object);
      };
      erased.decode = [](const store::Bytes& bytes) {
        return Value{bytes, sizeof(std::string) + bytes->size()};
      };
      return erased;
    }
  }
  if (!codec.encode || !codec.decode) return erased;
  erased.encode = [encode = std::move(codec.encode)](const Value& value) {
    return std::make_shared<const std::string>(encode(*static_cast<const T*>(value.object.get())));
  };
  erased.decode = [decode = std::move(codec.decode), maker = Maker<T>(codec.size)](
                      const store::Bytes& bytes) { return maker(decode(*bytes)); };
  return erased;
}

}  // namespace gantry::batch::core
