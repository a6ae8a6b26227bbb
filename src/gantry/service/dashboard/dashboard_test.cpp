#include "gantry/service/dashboard/dashboard.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/raw_client.hpp"

namespace gantry::service {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Dashboard : public ::testing::Test {
 protected:
  Dashboard() {
    httpd::Router router;
    add_dashboard(router);
    server_ = std::make_unique<httpd::Server>(httpd::Options{}, router.handler());
    server_->start();
  }
  std::string get(const std::string& path, const std::string& header = "X: y") {
    gantry::testing::RawClient client(server_->port());
    client.send(
        fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n{}\r\nConnection: close\r\n\r\n", path, header));
    return client.read_all();
  }
  std::unique_ptr<httpd::Server> server_;
};

TEST_F(Dashboard, ServesItsPageUnderAStrictPolicy) {
  const auto page = get("/");
  EXPECT_THAT(page, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(page, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy: default-src 'none'; script-src 'self'"));
  EXPECT_THAT(page, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(page, EndsWith("</html>\n"));
}

TEST_F(Dashboard, ServesEveryPartThatItsFilesName) {
  const auto script = "Content-Type: text/javascript; charset=utf-8\r\n";
  for (const auto* name : {"app.js", "api.js", "chart.js", "pis.js", "view.js"}) {
    EXPECT_THAT(get(fmt::format("/dashboard/{}", name)), HasSubstr(script)) << name;
  }
  EXPECT_THAT(get("/dashboard/style.css"), HasSubstr("Content-Type: text/css"));
  EXPECT_THAT(get("/dashboard/icon.svg"), HasSubstr("Content-Type: image/svg+xml"));
  EXPECT_THAT(get("/dashboard/other.js"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(Dashboard, SendsNothingAgainThatTheBrowserHas) {
  const auto page = get("/");
  const auto start = page.find("ETag: ") + 6;
  const auto etag = page.substr(start, page.find("\r\n", start) - start);
  const auto again = get("/", "If-None-Match: " + etag);
  EXPECT_THAT(again, StartsWith("HTTP/1.1 304 "));
  EXPECT_THAT(again, EndsWith("\r\n\r\n"));
  EXPECT_THAT(get("/", "If-None-Match: \"other\""), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace gantry::service
