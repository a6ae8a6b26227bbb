// A service whose exports only pretend: the API that the dashboard uses, with batches of all
// states, hostile texts among them, and one that runs on a timer. A stream of events tells of all.
#pragma once

#include <memory>
#include <string>

namespace gantry::testing {

class FakeService {
 public:
  // With `needs_key`, everything but the page wants the cookie that the key "sesame" buys.
  explicit FakeService(bool needs_key);
  ~FakeService();

  std::string url() const;  // "http://127.0.0.1:4711"

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gantry::testing
