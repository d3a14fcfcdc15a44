// Any bytes as an answer of the DNS, the first byte says of which type: an error, or records whose hosts are text.
#include <cstdlib>
#include <vector>

#include "plugins/discover/dns/lookup.hpp"
#include "tarsier/utf8.hpp"

using namespace tarsier::discover_dns;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::vector<uint8_t> answer(data + 1, data + size);  // of exactly this size, so that a read beyond is seen
  const Parsed parsed = parse_answer(static_cast<RecordType>(data[0] % 5), answer);
  for (const Record& record : parsed.records)
    if (record.host.empty() || record.host.ends_with('.') || !tarsier::is_utf8(record.host)) std::abort();
  return 0;
}
