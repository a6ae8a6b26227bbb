#include "gantry/service/fair_share.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::service {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ReadyBatch batch(std::int64_t number, std::uint64_t queued, std::uint64_t claimed = 0,
                 int priority = 0) {
  return {.number = number, .priority = priority, .queued = queued, .claimed = claimed};
}

TEST(FairShare, ASmallBatchHasItsPlacesBesideALargeOne) {
  EXPECT_THAT(share_out(10, {batch(1, 10'000), batch(2, 3)}),
              ElementsAre(Share{1, 7}, Share{2, 3}));
}

TEST(FairShare, WhoHasManyPlacesWaitsForTheOthers) {
  EXPECT_THAT(share_out(4, {batch(1, 100, 9), batch(2, 100, 1)}), ElementsAre(Share{2, 4}));
}

TEST(FairShare, OfEqualsTheOlderComesFirst) {
  EXPECT_THAT(share_out(3, {batch(7, 5), batch(3, 5)}), ElementsAre(Share{7, 1}, Share{3, 2}));
}

TEST(FairShare, APriorityUpIsTwiceThePlacesAndStarvesNobody) {
  EXPECT_THAT(share_out(9, {batch(1, 100), batch(2, 100, 0, 1)}),
              ElementsAre(Share{1, 3}, Share{2, 6}));
  EXPECT_THAT(share_out(17, {batch(1, 100, 0, kLowestPriority), batch(2, 100, 0, 99)}),
              ElementsAre(Share{1, 1}, Share{2, 16}));
}

TEST(FairShare, NothingIsGivenToWhoWantsNothing) {
  EXPECT_THAT(share_out(5, {batch(1, 0)}), IsEmpty());
  EXPECT_THAT(share_out(0, {batch(1, 9)}), IsEmpty());
  EXPECT_THAT(share_out(5, {batch(1, 2)}), ElementsAre(Share{1, 2}));
}

}  // namespace
}  // namespace gantry::service
