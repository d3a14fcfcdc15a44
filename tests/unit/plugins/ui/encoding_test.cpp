#include <gtest/gtest.h>

#include "plugins/ui/assets.hpp"

namespace tarsier::ui {
namespace {

TEST(ChooseEncoding, TakesTheBestThatIsAllowed) {
  const struct {
    const char* accept;
    Encoding chosen;
  } cases[] = {{"", Encoding::plain},
               {"gzip, deflate, br", Encoding::brotli},
               {"gzip", Encoding::gzip},
               {"br;q=0, gzip;q=0.5", Encoding::gzip},
               {"gzip;q=0.0", Encoding::plain},
               {"identity", Encoding::plain},
               {" br ; q=0.1", Encoding::brotli},
               {"brotli", Encoding::plain}};
  for (const auto& test : cases) EXPECT_EQ(choose_encoding(test.accept), test.chosen) << test.accept;
}

}  // namespace
}  // namespace tarsier::ui
