// The rule for Content-Type.
#include "plugins/collect/scrape/protocol.hpp"

#include <gtest/gtest.h>

namespace tarsier::scrape {
namespace {

TEST(ContentType, TextIsTaken) {
  EXPECT_TRUE(check_content_type("text/plain", ""));
  EXPECT_TRUE(check_content_type("text/plain; version=0.0.4; charset=utf-8", ""));
  EXPECT_TRUE(check_content_type("Text/Plain;version=1.0.0", ""));
}

TEST(ContentType, OthersNeedAFallback) {
  for (const char* type : {"", "text/html", "application/json; charset=utf-8", "garbage"}) {
    EXPECT_FALSE(check_content_type(type, "")) << type;
    EXPECT_TRUE(check_content_type(type, "PrometheusText0.0.4")) << type;
  }
}

TEST(ContentType, FormatsThatAreNotReadAreRefusedAlways) {
  EXPECT_FALSE(check_content_type("application/openmetrics-text; version=1.0.0", "PrometheusText0.0.4"));
}

TEST(StatusText, NamesCodes) {
  EXPECT_EQ(status_text(404), "404 Not Found");
  EXPECT_EQ(status_text(599), "599");
}

}  // namespace
}  // namespace tarsier::scrape
