#include "plugins/collect/remote_write_receiver/content.hpp"

#include <gtest/gtest.h>

namespace tarsier::remote_write {
namespace {

TEST(Content, IsVersionOneUnlessTheTypeSaysOtherwise) {
  for (const char* type :
       {"", " ", "application/x-protobuf", "Application/X-Protobuf", "application/x-protobuf;proto=prometheus.WriteRequest",
        "application/x-protobuf; charset=utf-8", " application/x-protobuf ;"}) {
    const auto message = message_of(type, "snappy");
    ASSERT_TRUE(message) << type;
    EXPECT_EQ(*message, Message::write_request) << type;
  }
  EXPECT_TRUE(message_of("application/x-protobuf", ""));
  for (const char* type : {"application/x-protobuf;proto=io.prometheus.write.v2.Request",
                           "application/x-protobuf; proto=\"io.prometheus.write.v2.Request\""}) {
    const auto message = message_of(type, "Snappy");
    ASSERT_TRUE(message) << type;
    EXPECT_EQ(*message, Message::request_v2) << type;
  }
}

TEST(Content, OfAnotherSortIsRefusedByName) {
  const auto why = [](const char* type, const char* encoding) {
    const auto message = message_of(type, encoding);
    return message ? "accepted" : message.error().message();
  };
  EXPECT_NE(why("application/json", "snappy").find("got 'application/json'"), std::string::npos);
  EXPECT_NE(why("application/x-protobuf", "gzip").find("got 'gzip'"), std::string::npos);
  EXPECT_NE(why("text/plain", "").find("got 'text/plain'"), std::string::npos);
  EXPECT_NE(why("application/x-protobuf;proto=io.prometheus.write.v9.Request", "snappy").find("v9.Request' is not known"),
            std::string::npos);
  EXPECT_NE(why("text/plain;proto=prometheus.WriteRequest", "snappy").find("expected Content-Type"), std::string::npos);
  EXPECT_NE(why("application/x-protobuf;proto=", "snappy").find("the message '' is not known"), std::string::npos);
}

TEST(Content, WithAParameterThatHasNoValueIsRefused) {
  for (const char* type : {"application/x-protobuf;foo", "application/x-protobuf;proto", "application/x-protobuf; a=b; foo"}) {
    const auto message = message_of(type, "snappy");
    ASSERT_FALSE(message) << type;
    EXPECT_NE(message.error().message().find("expected NAME=VALUE"), std::string::npos) << message.error().message();
  }
}

}  // namespace
}  // namespace tarsier::remote_write
