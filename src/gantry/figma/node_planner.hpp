// Calls about many nodes of one file: full ones across callers, halved where Figma finds them too
// large. Io thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gantry/batch/planner.hpp"
#include "gantry/figma/api.hpp"
#include "gantry/figma/errors.hpp"

namespace gantry::figma {

// Figma documents no limit; more than this is known to fail in rendering.
inline constexpr std::size_t kIdsInOneCall = 100;

template <class T>
using ById = std::map<std::string, T>;

// Sends `call` to `path`, which ends with "ids=", and the ids. Only the first call of those that it
// comes to goes on the ticket of `call`.
template <class T>
async::awaitable<ById<T>> ask_in_halves(Api& api, std::string path, std::vector<std::string> ids,
                                        Api::Call call,
                                        std::function<ById<T>(std::string_view)> parse) {
  call.path = path + joined(ids);
  net::HttpResponse response = co_await api.send(call);
  if (asked_for_too_much(response) && ids.size() > 1) {
    call.context.grant = nullptr;
    auto middle = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
    std::vector<std::string> left(ids.begin(), middle);
    std::vector<std::string> right(middle, ids.end());
    ById<T> all = co_await ask_in_halves<T>(api, path, std::move(left), call, parse);
    ById<T> rest = co_await ask_in_halves<T>(api, path, std::move(right), call, parse);
    all.merge(rest);
    co_return all;
  }
  if (response.status < 200 || response.status >= 300) throw api.refuse(response, call.file_key);
  try {
    co_return parse(response.body.view());
  } catch (const Error& error) {
    throw error.in("file " + call.file_key);
  }
}

// Serves keys that end with "/" and the id of a node; what stands before is their group. An id that
// is not in the answer has an empty value.
template <class T>
class NodePlanner final : public batch::GroupPlanner<T> {
 public:
  struct Question {
    std::string path;  // behind that of the file: "/nodes?depth=1&ids="
    std::string (*file_of)(std::string_view group);
    ById<T> (*parse)(std::string_view body);
  };

  NodePlanner(Api& api, Question question) : api_(api), question_(std::move(question)) {}

  static std::string_view group_of(std::string_view key) { return key.substr(0, key.rfind('/')); }

  std::optional<batch::Cost> cost(std::string_view,
                                  std::span<const std::string_view>) const override {
    return batch::Cost();
  }

  async::awaitable<batch::Answers<T>> fetch(std::string group, std::vector<std::string> keys,
                                            batch::CallContext context) override {
    std::vector<std::string> ids;
    ids.reserve(keys.size());
    for (const std::string& key : keys) ids.push_back(id_of(key));
    Api::Call call;
    call.file_key = question_.file_of(group);
    call.tier = Tier::kFirst;
    call.context = std::move(context);
    std::string path = file_path(call.file_key, question_.path);
    ById<T> found = co_await ask_in_halves<T>(api_, std::move(path), std::move(ids),
                                              std::move(call), question_.parse);
    batch::Answers<T> answers;
    for (const std::string& key : keys) answers.emplace(key, std::move(found[id_of(key)]));
    co_return answers;
  }

 private:
  static std::string id_of(std::string_view key) {
    return std::string(key.substr(key.rfind('/') + 1));
  }

  Api& api_;
  Question question_;
};

}  // namespace gantry::figma
