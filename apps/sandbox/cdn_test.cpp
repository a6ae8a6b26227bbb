#include "apps/sandbox/cdn.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/sandbox/test_client.hpp"

namespace gantry::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(SandboxCdn, ServesEachFormatFromAnotherHost) {
  const Running running(small_options());
  const auto svg = running.image("sandbox-light", "10:100");
  EXPECT_THAT(svg, StartsWith("http://127.0.0.2:"));
  const auto fetched = fetch(svg);
  EXPECT_EQ(fetched.status, 200);
  EXPECT_EQ(fetched.headers.at("content-type"), "image/svg+xml");
  EXPECT_THAT(fetched.body, StartsWith("<svg "));
  const auto png = fetch(running.image("sandbox-light", "10:100", "format=png&scale=2"));
  EXPECT_THAT(png.body, StartsWith("\x89PNG\r\n"));
  EXPECT_THAT(fetch(running.image("sandbox-light", "10:100", "format=jpg")).body,
              StartsWith("\xff\xd8\xff"));
  EXPECT_THAT(fetch(running.image("sandbox-light", "10:100", "format=pdf")).body,
              StartsWith("%PDF-1.4"));
}

TEST(SandboxCdn, LetsAddressesExpire) {
  Options options = small_options();
  options.url_lifetime = std::chrono::seconds(0);
  const Running running(options);
  const auto refused = fetch(running.image("sandbox-light", "10:100"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("<Code>AccessDenied</Code>"));
}

TEST(SandboxCdn, RefusesAddressesThatItDidNotSign) {
  const Running running(small_options());
  auto address = running.image("sandbox-light", "10:100");
  EXPECT_EQ(fetch(address + "0").status, 403);
  address.replace(address.find("10:100"), 6, "10:101");
  const auto refused = fetch(address);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("SignatureDoesNotMatch"));
}

TEST(SandboxCdn, RefusesAndCountsCredentials) {
  const Running running(small_options());
  const auto address = running.image("sandbox-light", "10:100");
  EXPECT_EQ(fetch(address, {"X-Figma-Token: figd_test"}).status, 400);
  EXPECT_EQ(fetch(address, {"Authorization: Bearer x"}).status, 400);
  EXPECT_EQ(running.stats().at("credentials_on_other_hosts"), 2);
  EXPECT_EQ(fetch(address).status, 200);
}

TEST(SandboxCdn, CountsWhatIsServedAgain) {
  const Running running(small_options());
  const auto address = running.image("sandbox-light", "10:100");
  fetch(address);
  fetch(running.image("sandbox-light", "10:101"));
  EXPECT_EQ(running.stats().at("cdn").at("images_served_again"), 0);
  fetch(address);
  const auto stats = running.stats();
  EXPECT_EQ(stats.at("cdn").at("requests"), 3);
  EXPECT_EQ(stats.at("cdn").at("unique_images"), 2);
  EXPECT_EQ(stats.at("cdn").at("images_served_again"), 1);
  EXPECT_EQ(stats.at("cdn").at("by_status").at("200"), 3);
  EXPECT_EQ(stats.at("api").at("by_endpoint").at("GET /v1/images/:key"), 2);
  running.reset();
  EXPECT_EQ(running.stats().at("cdn").at("requests"), 0);
}

TEST(Cdn, PutsOddNodeIdsIntoItsAddresses) {
  Design design;
  File file;
  file.key = "k";
  file.version = "1";
  file.components.push_back({.node_id = "I11:22;33:44"});
  file.index();
  design.files.emplace("k", file);
  Cdn cdn(design, std::chrono::seconds(10));
  httpd::Request request;
  request.target = cdn.address("", design.files.at("k"), file.components[0], "svg", "1", 100);
  ASSERT_TRUE(request.parse_target());
  EXPECT_EQ(cdn.answer(request, 109).status, 200);
  EXPECT_EQ(cdn.answer(request, 110).status, 403);
}

}  // namespace
}  // namespace gantry::sandbox
