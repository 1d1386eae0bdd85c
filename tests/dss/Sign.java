import eu.europa.esig.dss.cades.CAdESSignatureParameters;
import eu.europa.esig.dss.cades.signature.CAdESService;
import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.enumerations.SignaturePackaging;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.SignatureValue;
import eu.europa.esig.dss.model.ToBeSigned;
import eu.europa.esig.dss.pades.PAdESSignatureParameters;
import eu.europa.esig.dss.pades.signature.PAdESService;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.token.DSSPrivateKeyEntry;
import eu.europa.esig.dss.token.Pkcs12SignatureToken;
import java.io.File;
import java.security.KeyStore.PasswordProtection;

/** Signs files, one after the other: for each six words, {@code pades|cades store password input output field|-}. */
public class Sign {
    public static void main(String[] given) throws Exception {
        for (int at = 0; at < given.length; at += 6) {
            sign(given[at], given[at + 1], given[at + 2], given[at + 3], given[at + 4], given[at + 5]);
        }
    }

    private static void sign(String kind, String store, String secret, String input, String output, String field)
            throws Exception {
        DSSDocument document = new FileDocument(new File(input));
        PasswordProtection password = new PasswordProtection(secret.toCharArray());
        try (Pkcs12SignatureToken token = new Pkcs12SignatureToken(new File(store), password)) {
            DSSPrivateKeyEntry key = token.getKeys().get(0);
            DSSDocument signed =
                kind.equals("pades") ? pades(document, token, key, field) : cades(document, token, key);
            signed.save(output);
        }
    }

    private static DSSDocument pades(
            DSSDocument document, Pkcs12SignatureToken token, DSSPrivateKeyEntry key, String field) {
        PAdESSignatureParameters wanted = new PAdESSignatureParameters();
        wanted.setSignatureLevel(SignatureLevel.PAdES_BASELINE_B);
        wanted.setDigestAlgorithm(DigestAlgorithm.SHA256);
        wanted.setSigningCertificate(key.getCertificate());
        wanted.setCertificateChain(key.getCertificateChain());
        if (!field.equals("-")) {
            wanted.getImageParameters().getFieldParameters().setFieldId(field);
        }
        PAdESService service = new PAdESService(new CommonCertificateVerifier());
        ToBeSigned data = service.getDataToSign(document, wanted);
        SignatureValue value = token.sign(data, wanted.getDigestAlgorithm(), key);
        return service.signDocument(document, wanted, value);
    }

    private static DSSDocument cades(DSSDocument document, Pkcs12SignatureToken token, DSSPrivateKeyEntry key) {
        CAdESSignatureParameters wanted = new CAdESSignatureParameters();
        wanted.setSignatureLevel(SignatureLevel.CAdES_BASELINE_B);
        wanted.setSignaturePackaging(SignaturePackaging.ENVELOPING);
        wanted.setDigestAlgorithm(DigestAlgorithm.SHA256);
        wanted.setSigningCertificate(key.getCertificate());
        wanted.setCertificateChain(key.getCertificateChain());
        CAdESService service = new CAdESService(new CommonCertificateVerifier());
        ToBeSigned data = service.getDataToSign(document, wanted);
        SignatureValue value = token.sign(data, wanted.getDigestAlgorithm(), key);
        return service.signDocument(document, wanted, value);
    }
}
