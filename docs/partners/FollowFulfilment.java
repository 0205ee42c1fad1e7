// Follows fulfilment.events.v1 in Java, to copy from: Java 17 and kafka-clients, nothing else.
//
//   export KAFKA_PASSWORD=…
//   java -cp 'kafka-clients.jar:slf4j-api.jar' FollowFulfilment.java \
//       kafka.example:9093 partner.acme ca.pem partner.acme.warehouse
//
// It prints each event once, and commits its position after it has handled a batch, so that none
// is lost when it is stopped anywhere. What comes again is known by its id.

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.security.scram.ScramLoginModule;
import org.apache.kafka.common.serialization.StringDeserializer;

public final class FollowFulfilment {
    private static final String TOPIC = "fulfilment.events.v1";
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final int IDS_REMEMBERED_MAX = 100_000;

    /** The ids seen last. In earnest, store the id in your database, with what it has changed. */
    private static final Map<String, Boolean> SEEN = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > IDS_REMEMBERED_MAX;
        }
    };

    public static void main(String[] args) {
        String password = System.getenv("KAFKA_PASSWORD");
        if (args.length != 4 || password == null) {
            System.err.println("usage: KAFKA_PASSWORD=… … BOOTSTRAP USER CA_FILE GROUP");
            System.exit(64);
        }
        try (var consumer = new KafkaConsumer<String, String>(settings(args, password))) {
            consumer.subscribe(List.of(TOPIC));
            while (true) {
                for (var record : consumer.poll(POLL)) {
                    take(record);
                }
                // Only now: whoever commits first and is stopped then has lost the events.
                consumer.commitSync();
            }
        }
    }

    static void take(ConsumerRecord<String, String> record) {
        String id = header(record, "ce_source") + " " + header(record, "ce_id");
        if (SEEN.containsKey(id)) {
            return;
        }
        handle(record);
        SEEN.put(id, true);
    }

    /** Your work goes here; pass over types that you do not know. The value is JSON. */
    static void handle(ConsumerRecord<String, String> record) {
        long sequence = Long.parseLong(header(record, "ce_sequence"));
        String type = header(record, "ce_type");
        String orderId = header(record, "ce_subject");
        System.out.printf("%s #%d %s %s%n", orderId, sequence, type, record.value());
    }

    /** The attributes of a CloudEvent are in headers (binary mode). */
    static String header(ConsumerRecord<String, String> record, String name) {
        var found = record.headers().lastHeader(name);
        return found == null ? "" : new String(found.value(), StandardCharsets.UTF_8);
    }

    static Properties settings(String[] args, String password) {
        var settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("security.protocol", "SASL_SSL");
        settings.put("sasl.mechanism", "SCRAM-SHA-512");
        String login = "%s required username=\"%s\" password=\"%s\";".formatted(
            ScramLoginModule.class.getName(), quoted(args[1]), quoted(password));
        settings.put("sasl.jaas.config", login);
        settings.put("ssl.truststore.type", "PEM");
        settings.put("ssl.truststore.location", args[2]);
        settings.put("group.id", args[3]);
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", "false");
        settings.put("isolation.level", "read_committed");
        settings.put("key.deserializer", StringDeserializer.class.getName());
        settings.put("value.deserializer", StringDeserializer.class.getName());
        return settings;
    }

    private static String quoted(String text) {
        return text.replace("\\", "\\\\").replace("\"", "\\\"");
    }
}
