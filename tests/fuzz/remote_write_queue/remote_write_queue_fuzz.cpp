// Any bytes as what lies in the queue of remote write. A cursor: refused, or the same when it is encoded. An entry: refused, or its
// batch becomes messages of both versions that the receiver of this house reads.
#include <cstdlib>
#include <snappy.h>

#include "plugins/collect/remote_write_receiver/write_request.hpp"
#include "plugins/collect/remote_write_receiver/write_request_v2.hpp"
#include "plugins/forward/remote_write/entry_writer.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

using namespace tarsier;

namespace {

void check_cursor(std::string_view value) {
  const auto cursor = forward::decode_cursor(value);
  if (!cursor) return;
  const auto again = forward::decode_cursor(forward::encode_cursor(*cursor));
  if (!again || *again != *cursor) std::abort();
}

void check_message(const std::string& body, forward::Message message) {
  std::string plain;
  if (!snappy::Uncompress(body.data(), body.size(), &plain)) std::abort();
  const protobuf::Bytes bytes(reinterpret_cast<const uint8_t*>(plain.data()), plain.size());
  remote_write::Workspace workspace;
  remote_write::Tally tally;
  const auto read = message == forward::Message::request_v2 ? remote_write::read_request_v2(bytes, workspace, tally)
                                                            : remote_write::read_write_request(bytes, workspace, tally);
  if (!read) std::abort();
}

void check_entry(std::string_view value) {
  const auto entry = forward::decode_entry(1, value);
  if (!entry) return;
  fake::FakeHost fake;
  Host raw(fake.raw());
  const Host& host = fake::attached(raw);
  for (const auto message : {forward::Message::write_request, forward::Message::request_v2}) {
    forward::EndpointSettings settings;
    settings.message = message;
    settings.send_exemplars = settings.send_native_histograms = true;
    settings.external_labels = {{"site", "north"}};
    settings.sending.max_samples_per_send = 3;
    const forward::EndpointMetrics metrics(host, "there");
    forward::MetadataBook book;
    forward::EntryWriter writer(settings, metrics, book);
    forward::Shards shards;
    for (int i = 0; i < 2; ++i) shards.emplace_back(settings, forward::ShardMark{});
    writer.write(*entry, shards, 0, 0);
    for (forward::Shard& shard : shards) {
      shard.end_request({2, 0, 0}, 0, true);
      while (shard.due(0) != nullptr) {
        shard.sending();
        check_message(shard.sent().body, message);
      }
      if (!shard.empty()) std::abort();
    }
    for (const auto& page : book.pages(2)) check_message(page.body, forward::Message::write_request);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string value(reinterpret_cast<const char*>(data) + 1,
                          size - 1);  // of exactly this size, so that a read beyond is seen
  if (data[0] % 2 == 0) {
    check_cursor(value);
  } else {
    check_entry(value);
  }
  return 0;
}
