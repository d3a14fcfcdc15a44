// A sender of remote write for tests: messages field by field, and a receiver on the fake host.
#pragma once

#include <gtest/gtest.h>
#include <snappy.h>

#include "plugins/collect/remote_write_receiver/receiver.hpp"
#include "plugins/lib/protobuf_wire/wire_writer.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::remote_write {

using protobuf::WireWriter;

inline std::string packed(const WireWriter& message) {
  std::string block;
  snappy::Compress(message.bytes().data() == nullptr ? "" : message.text().data(), message.text().size(), &block);
  return block;
}

inline WireWriter label(std::string_view name, std::string_view value) {
  WireWriter message;
  message.text(1, name).text(2, value);
  return message;
}
inline WireWriter sample(double value, int64_t time_ms) {
  WireWriter message;
  message.float64(1, value).varint(2, static_cast<uint64_t>(time_ms));
  return message;
}

class ReceiverTest : public testing::Test {
 protected:
  static constexpr uint64_t kMaxDecoded = 1 << 20;

  fake::Answer send(const WireWriter& message) { return send_body(packed(message)); }
  fake::Answer send_v2(const WireWriter& message) {
    return send_body(packed(message), "application/x-protobuf;proto=io.prometheus.write.v2.Request");
  }
  fake::Answer send_body(std::string_view body, const std::string& type = "application/x-protobuf",
                         const std::string& encoding = "snappy") {
    return fake_.post("/api/v1/write", {{"content-type", type}, {"content-encoding", encoding}}, body);
  }
  void SetUp() override {
    auto added =
        routes_.add({.methods = TARSIER_HTTP_POST, .api = "prometheus", .pattern = "/api/v1/write", .permission = "metrics:write"},
                    [this](const http::Request& request, const http::Exchange& exchange) { receiver_.take(request, exchange); });
    ASSERT_TRUE(added);
  }

  fake::FakeHost fake_;
  Host raw_host_{fake_.raw()};
  const Host& host_ = fake::attached(raw_host_);
  Receiver receiver_{host_, kMaxDecoded};
  http::Routes routes_{host_};
};

}  // namespace tarsier::remote_write
