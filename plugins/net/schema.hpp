// The keys of net's section: what `tarsier check` and `tarsier plugins info net` know of it. settings.cpp reads them.
#pragma once

#include "tarsier/plugin.hpp"

namespace tarsier::net {

inline constexpr tarsier_config_key kKeys[] = {
    key("threads", TARSIER_KEY_INT, "1", "network threads; one carries tens of thousands of requests a second", "1..64"),
    key("allow_remote", TARSIER_KEY_BOOL, "false",
        "lets entrypoints listen on other than loopback addresses; there is no log-in yet, so whoever reaches them may do "
        "everything"),
    key("allowed_hosts[]", TARSIER_KEY_STRING, nullptr,
        "host names that requests may be addressed to besides localhost and IP addresses"),
    key("cors_origins[]", TARSIER_KEY_STRING, nullptr,
        "origins whose pages may read the Prometheus API; [\"*\"], as Prometheus has it, when absent"),
    key("access_log", TARSIER_KEY_STRING, "",
        "\"\": none; \"log\": the host's log; else a file that gets one line of JSON a request"),
    key("max_header_bytes", TARSIER_KEY_SIZE, nullptr,
        "request line and header fields together; when absent 64KiB, and 1MiB for an entrypoint whose root is prometheus",
        "1KiB..1MiB"),
    key("max_body_bytes", TARSIER_KEY_SIZE, "64MiB", "a request's body, decompressed"),
    key("max_connections", TARSIER_KEY_INT, "1024", "open connections of one entrypoint", "1..1000000"),
    key("min_rate", TARSIER_KEY_RATE, "1KiB/s", "a client that sends or takes a body more slowly, on average, is cut off"),
    key("header_timeout", TARSIER_KEY_DURATION, "10s",
        "from a request's first byte to the end of its header; of a TLS handshake too"),
    key("body_timeout", TARSIER_KEY_DURATION, "30s", "how long a body may take before min_rate counts"),
    key("idle_timeout", TARSIER_KEY_DURATION, "75s", "how long a connection is kept between requests"),
    key("timeout", TARSIER_KEY_DURATION, "120s", "until a handler begins its answer; then 503"),
    key("client.max_idle_connections", TARSIER_KEY_INT, "20000",
        "open connections kept for later calls, over all servers; at most half of the files that may be open", "0..100000"),
    key("client.idle_timeout", TARSIER_KEY_DURATION, "5m", "how long each of them is kept"),
    key("entrypoint.*.address", TARSIER_KEY_STRING, nullptr,
        "\"127.0.0.1:9090\", \"[::1]:9090\"; port 0: any free one, see the log"),
    key("entrypoint.*.enabled", TARSIER_KEY_BOOL, nullptr, "false: does not listen"),
    key("entrypoint.*.root", TARSIER_KEY_STRING, nullptr, "the API that stands at \"/\"; absent: the web page"),
    key("entrypoint.*.apis[]", TARSIER_KEY_STRING, nullptr, "the APIs that stand under \"/<api>\"; [\"*\"]: all"),
    key("entrypoint.*.tls.cert_file", TARSIER_KEY_STRING, nullptr, "certificate chain in PEM; read again when it changes"),
    key("entrypoint.*.tls.key_file", TARSIER_KEY_STRING, nullptr, "its private key in PEM"),
    key("entrypoint.*.tls.client_ca_file", TARSIER_KEY_STRING, nullptr, "clients must show a certificate signed by one of these"),
    key("entrypoint.*.tls.min_version", TARSIER_KEY_STRING, nullptr, "oldest TLS version taken; 1.2 when absent", "1.2|1.3"),
    key("entrypoint.*.max_header_bytes", TARSIER_KEY_SIZE, nullptr, "as above, for this entrypoint", "1KiB..1MiB"),
    key("entrypoint.*.max_body_bytes", TARSIER_KEY_SIZE, nullptr, "as above, for this entrypoint"),
    key("entrypoint.*.max_connections", TARSIER_KEY_INT, nullptr, "as above, for this entrypoint", "1..1000000"),
    key("entrypoint.*.min_rate", TARSIER_KEY_RATE, nullptr, "as above, for this entrypoint"),
    key("entrypoint.*.header_timeout", TARSIER_KEY_DURATION, nullptr, "as above, for this entrypoint"),
    key("entrypoint.*.body_timeout", TARSIER_KEY_DURATION, nullptr, "as above, for this entrypoint"),
    key("entrypoint.*.idle_timeout", TARSIER_KEY_DURATION, nullptr, "as above, for this entrypoint"),
    key("entrypoint.*.timeout", TARSIER_KEY_DURATION, nullptr, "as above, for this entrypoint"),
};

}  // namespace tarsier::net
