// SenderTest: a Sender on real storage, with a virtual clock and a receiver that the test plays.
#pragma once

#include <future>
#include <gtest/gtest.h>
#include <optional>
#include <set>
#include <sstream>

#include "plugins/collect/remote_write_receiver/snappy_block.hpp"
#include "plugins/collect/remote_write_receiver/write_request.hpp"
#include "plugins/collect/remote_write_receiver/write_request_v2.hpp"
#include "plugins/forward/remote_write/sender.hpp"
#include "storage_of_test.hpp"
#include "tarsier/batch_builder.hpp"

namespace tarsier::forward::test {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kSecond = 1'000 * kMs;

inline std::vector<uint64_t> finish(batch::SamplesBuilder& builder) {
  return builder.finish(0, [](batch::Assembly& assembly) {
    std::vector<uint64_t> words((assembly.size() + 7) / 8);
    assembly.write(reinterpret_cast<uint8_t*>(words.data()));
    reinterpret_cast<tarsier_batch_head*>(words.data())->size = words.size() * 8;
    return words;
  });
}
inline std::span<const uint8_t> bytes_of(const std::vector<uint64_t>& words) {
  return {reinterpret_cast<const uint8_t*>(words.data()), words.size() * 8};
}

/// One sample of each of so many series "m", labelled with i.
inline std::vector<uint64_t> samples_of(uint32_t series, int64_t time_ms, double value) {
  batch::SamplesBuilder builder;
  for (uint32_t i = 0; i < series; ++i) {
    const std::string number = std::to_string(i);
    const batch::Label labels[] = {{"__name__", "m"}, {"i", number}};
    builder.series(labels);
    builder.sample(time_ms * kMs, value);
  }
  return finish(builder);
}

/// One sample, and 300 KB that cannot be compressed: its help.
inline std::vector<uint64_t> large_batch(int64_t time_ms = 1000) {
  static uint64_t random = 88172645463325252U;
  std::string help(300'000, ' ');
  for (char& c : help) {
    random ^= random << 13U, random ^= random >> 7U, random ^= random << 17U;
    c = static_cast<char>(' ' + random % 95);
  }
  batch::SamplesBuilder builder;
  const batch::Label labels[] = {{"__name__", "large"}};
  builder.series(labels);
  builder.metadata(TARSIER_SERIES_GAUGE, help, "");
  builder.sample(time_ms * kMs, 1);
  return finish(builder);
}

/// One line a sample, in the order of the batch: `name{label=value} value @ms`.
inline std::string rows_text(const batch::View& view) {
  const batch::SamplesView samples(view);
  OutgoingLabels reader({});
  std::ostringstream text;
  for (uint32_t series = 0; series < samples.series_count(); ++series) {
    std::string name, labels;
    const auto own = reader.read(samples, series);
    for (const auto& [label, value] : *own) {
      if (label == "__name__") {
        name = value;
      } else {
        labels.append(labels.empty() ? "" : ",").append(label).append("=").append(value);
      }
    }
    for (size_t row = 0; row < samples.times(series).size(); ++row) {
      const double value = samples.values(series)[row];
      text << name << "{" << labels << "} ";
      if (std::bit_cast<uint64_t>(value) == TARSIER_STALE_NAN_BITS) {
        text << "stale";
      } else {
        text << value;
      }
      text << " @" << samples.times(series)[row] / kMs << "\n";
    }
  }
  return text.str();
}

class SenderTest : public testing::Test {
 protected:
  SenderTest() {
    fake_.storage = StorageOfTest::table();
    fake_.wall_ns = 1'700'000'000 * kSecond;
    fake_.mono_ns = 100 * kSecond;
    endpoint_.name = "there";
    endpoint_.url = "http://there/write";
    endpoint_.metadata.send = false;
    endpoint_.sending.batch_send_deadline_ns = kSecond;
  }
  void TearDown() override {
    sender_.reset();
    drop_calls();
  }

  Settings settings() const {
    Settings settings{.max_queue_bytes = max_queue_bytes_, .max_queue_age_ns = endpoint_.max_age_ns, .endpoints = {endpoint_}};
    settings.endpoints.insert(settings.endpoints.end(), others_.begin(), others_.end());
    return settings;
  }
  void open() {
    if (storage_ == nullptr) storage_ = std::make_unique<StorageOfTest>(directory_.path());
    sender_ = std::make_unique<Sender>(host_, settings());
    const auto opened = sender_->open(settings());
    ASSERT_TRUE(opened) << opened.error().message();
    run();
  }
  /// As a service manager does it: answers that are under way are cut off.
  void restart() {
    drop_calls();
    sender_.reset();
    storage_.reset();
    open();
  }
  /// What was in memory is gone.
  void kill_and_restart() {
    const std::string left = directory_.path() + ".left";
    copy_directory(directory_.path(), left);
    sender_.reset();
    drop_calls();
    storage_.reset();
    copy_directory(left, directory_.path());
    std::filesystem::remove_all(left);
    open();
  }
  Result<void> append(const std::vector<uint64_t>& batch) {
    std::promise<Result<void>> kept;
    sender_->take(bytes_of(batch), [&](Result<void> outcome) { kept.set_value(std::move(outcome)); });
    return kept.get_future().get();
  }
  /// What was posted; then the health is told.
  void run() {
    sender_->tick();
    fake_.run_jobs();
    sender_->tick();
    fake_.run_jobs();
  }
  void pass(int64_t ns) {
    fake_.mono_ns += ns;
    fake_.wall_ns += ns;
    fake_.fire_due_timers();
    run();
  }
  /// Calls that were not answered.
  std::vector<size_t> under_way() const {
    std::vector<size_t> calls;
    for (size_t i = 0; i < fake_.calls.size(); ++i)
      if (!answered_.contains(i)) calls.push_back(i);
    return calls;
  }
  void answer(size_t call, uint32_t code, const std::map<std::string, std::string>& headers = {}, std::string_view body = "") {
    answered_.insert(call);
    fake_.answer(call, code, headers, body);
    run();
  }
  void fail(size_t call, tarsier_status status = TARSIER_UNAVAILABLE) {
    answered_.insert(call);
    fake_.fail(call, status, "no connection");
    run();
  }
  /// Answers 204 until nothing more comes, and passes deadlines; what was taken, in order.
  std::vector<std::string> take_all() {
    std::vector<std::string> bodies;
    for (int idle = 0; idle < 2;) {
      pass(kSecond);
      const auto calls = under_way();
      idle = calls.empty() ? idle + 1 : 0;
      for (const size_t call : calls) {
        bodies.push_back(text(call));
        answer(call, 204, written_all_);
      }
    }
    return bodies;
  }
  /// One line a sample of a request, as the receiver of this house reads it.
  std::string text(size_t call) { return body_text(fake_.calls[call].body, fake_.calls[call].headers.at("Content-Type")); }
  std::string body_text(std::string_view body, std::string_view type) {
    auto size = remote_write::decompressed_size(body, uint64_t{1} << 30);
    EXPECT_TRUE(size);
    remote_write::Workspace workspace;
    remote_write::Tally tally;
    workspace.message.resize(*size);
    EXPECT_TRUE(remote_write::decompress(body, workspace.message));
    const auto read = type.find("v2") == std::string_view::npos
                          ? remote_write::read_write_request(workspace.message, workspace, tally)
                          : remote_write::read_request_v2(workspace.message, workspace, tally);
    EXPECT_TRUE(read) << read.error().message();
    EXPECT_EQ(tally.text(), "");
    auto batch = make_batch(host_, workspace.builder);
    EXPECT_TRUE(publish(host_, TARSIER_TOPIC_SAMPLES, *batch));
    return rows_text(fake_.batch(fake_.batches.size() - 1));
  }
  double metric(const std::string& name) { return fake_.metrics["tarsier_remote_write_" + name]; }

  /// The host cancels them when an instance stops; nobody hears of it.
  void drop_calls() {
    for (const size_t call : under_way()) {
      answered_.insert(call);
      fake_.fail(call, TARSIER_CANCELLED, "the plugin that asks is stopping");
    }
    fake_.run_jobs();
  }

  fake::FakeHost fake_;
  Host raw_host_{with_storage(fake_).raw()};
  const Host& host_ = fake::attached(raw_host_);
  storage::testing::TempDir directory_;
  std::unique_ptr<StorageOfTest> storage_;
  EndpointSettings endpoint_;
  std::vector<EndpointSettings> others_;
  uint64_t max_queue_bytes_ = uint64_t{64} << 20;
  std::map<std::string, std::string> written_all_ = {{"x-prometheus-remote-write-samples-written", "1"}};
  std::unique_ptr<Sender> sender_;
  std::set<size_t> answered_;

 private:
  static const fake::FakeHost& with_storage(fake::FakeHost& fake) {
    fake.storage = StorageOfTest::table();
    return fake;
  }
};

}  // namespace tarsier::forward::test
