// One call of the Figma REST API: its address, its credential, its budget, its refusals. What the
// answers mean is the client's. Io thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gantry/batch/request.hpp"
#include "gantry/figma/budgets.hpp"
#include "gantry/net/client.hpp"

namespace gantry::figma {

inline constexpr const char* kPublicApi = "https://api.figma.com";

struct ApiOptions {
  std::string base_url = kPublicApi;  // without "/v1"
  Secret token;                       // may be empty where answers are replayed
  Budgets budgets;
  net::RetryPolicy retry;
  std::string pool = "api";  // of the admission queue
};

class Api {
 public:
  Api(net::Client& http, ApiOptions options);

  struct Call {
    std::string path;  // "/v1/files/KEY/meta"
    std::string file_key;
    Tier tier = Tier::kThird;
    batch::CallContext context;
    std::string_view needs = {};  // more than a file that can be opened: said with a 403
  };

  // The answer, whatever its status; a 2xx is JSON.
  async::awaitable<net::HttpResponse> send(Call call);
  // The body of a 2xx answer, in memory; else the refusal is thrown.
  async::awaitable<Blob> get(Call call);
  // The error of an answer; if it spoils every call with this token, none is made any more.
  Error refuse(const net::HttpResponse& response, const std::string& file_key,
               std::string_view needs = {});

  // What a call of the tier waits for.
  net::TicketRequest ticket(Tier tier) const;
  // Names the token in keys of caches without revealing it.
  const std::string& credential() const { return credential_; }

 private:
  net::Client& http_;
  ApiOptions options_;
  std::string credential_;
};

// "/v1/files/KEY/meta".
std::string file_path(const std::string& file_key, std::string_view endpoint);
// Percent-encodes all but unreserved characters and those in `kept`.
std::string encoded(std::string_view text, std::string_view kept = "");
// Node ids for a query: "1:2,1:3".
std::string joined(const std::vector<std::string>& ids);

}  // namespace gantry::figma
